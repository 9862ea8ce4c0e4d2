#!/usr/bin/env python3
"""Holds `convscope slice` against PyTorch on random tensors and index expressions: shapes, prints and errors.

For developers who have a Python with torch and numpy:
    compare_inspect_with_torch.py build/release/convscope [--cases 2000] [--seed 1]
Prints the seed, how many cases were printed and refused, and each that differs by a byte; exits with 1 if any does.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import numpy
import torch

import torch_inspect as inspect


def ask_convscope(program, path, expression):
    done = subprocess.run([program, "slice", path, expression, "--json"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if done.returncode != 1 or not done.stderr.startswith("convscope: error: "):
        raise SystemExit(f"exit status {done.returncode} of {expression}\n{done.stderr}")
    return done.stderr[len("convscope: error: "):]


def agrees(expected, answer):
    if isinstance(expected, str):
        return isinstance(answer, str) and answer.startswith(expected)
    if not isinstance(expected, torch.Tensor):
        return not isinstance(answer, str) and answer["text"] == str(expected)
    return not isinstance(answer, str) and answer["shape"] == list(expected.shape) and answer["text"] == repr(expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    source = random.Random(options.seed)
    printed = refused = 0
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.npy")
        while printed + refused < options.cases:
            x = inspect.random_values(source, source.choice([torch.float32, torch.float64]))
            expression = inspect.random_expression(source) if source.random() < 0.6 else "x"
            if source.random() < 0.2:
                expression += inspect.random_attribute(source)
            expected = inspect.index(x, expression)
            if isinstance(expected, str) and inspect.is_overflow_of_torch(expected):
                continue
            numpy.save(path, x.numpy())
            answer = ask_convscope(options.program, path, expression)
            if isinstance(expected, str):
                refused += 1
            else:
                printed += 1
            if not agrees(expected, answer):
                wrong.append((list(x.shape), expression))
                said = answer if isinstance(answer, str) else answer["text"]
                print(f"{list(x.shape)} {x.dtype} {expression}\nPyTorch:\n{expected}\nConvScope:\n{said}\n")
    print(f"seed {options.seed}: {printed} printed, {refused} refused, {len(wrong)} differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
