#!/usr/bin/env python3
"""Holds `convscope random` against PyTorch's generator, bit for bit, over random sequences of draws.

For developers who have a Python with torch and numpy, on a processor with AVX2:
    compare_random_with_torch.py build/release/convscope [--sequences 500] [--minutes 5] [--seed 1]
Each sequence begins with torch.manual_seed and goes on with up to twelve draws of all kinds, types and sizes, among
them the weights and biases of convolution layers; some draws are such as PyTorch refuses. Prints how many draws of each kind were
equal; exits with 1 if one was not.
"""

import argparse
import collections
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings

import numpy
import torch

import torch_draws

warnings.filterwarnings("ignore")


def draw_of(source):
    """Now and then one of unusual length, or with a range that a type cannot hold."""
    draw = torch_draws.random_draw(source, 200000 if source.randint(1, 40) == 1 else 3000)
    if "low" in draw and source.randint(1, 8) == 1:
        wide = [(1.0, 0.0), (-3e38, 3e38), (-1e308, 1e308), (0.0, 4e38)]
        draw["low"], draw["high"] = source.choice(wide if draw["kind"] == "uniform" else [(5, 5), (6, 5)])
    return draw


def compare(program, folder, source, counts):
    """A complaint or None."""
    seed = source.choice([torch_draws.random_seed(source), source.randint(2**63, 2**64 - 1)])
    draws = [draw_of(source) for _ in range(source.randint(1, 12))]
    command = [program, "random", "--seed", str(seed), "-o", os.path.join(folder, "x")]
    for draw in draws:
        command += ["--draw", torch_draws.words_of(draw)]
    done = subprocess.run(command, capture_output=True, text=True)
    torch.manual_seed(seed)
    try:
        expected = [tensor for draw in draws for tensor in torch_draws.tensors_of(draw)]
    except RuntimeError as refusal:
        counts["refused"] += 1
        if done.returncode == 1 and done.stderr.startswith("convscope: error: "):
            return None
        return f"torch refuses ({str(refusal).splitlines()[0]}), convscope does not: {' '.join(command)} {done.stderr}"
    if done.returncode != 0:
        return f"{' '.join(command)}: {done.stderr}"
    files = [file for number, draw in enumerate(draws) for file in torch_draws.files_of(draw, number)]
    for file, tensor in zip(files, expected, strict=True):
        actual, wanted = numpy.load(os.path.join(folder, "x" + file)), tensor.numpy()
        if actual.dtype != wanted.dtype or actual.shape != wanted.shape or actual.tobytes() != wanted.tobytes():
            return f"x{file} of {' '.join(command)} differs: {actual.ravel()[:4]} instead of {wanted.ravel()[:4]}"
    for draw in draws:
        counts[draw["kind"]] += 1
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--sequences", type=int, default=500)
    parser.add_argument("--minutes", type=float, help="go on for so long, whatever --sequences says")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**31))
    options = parser.parse_args()
    print(f"seed {options.seed}, torch {torch.__version__}")
    source, counts, wrong, number = random.Random(options.seed), collections.Counter(), 0, 0
    end = time.monotonic() + 60 * options.minutes if options.minutes else None
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end if end else number < options.sequences:
            complaint = compare(options.program, folder, source, counts)
            number += 1
            if complaint:
                wrong += 1
                print(f"sequence {number - 1}: {complaint}", flush=True)
    print(f"{number} sequences, {wrong} disagree; equal to the last bit: {dict(sorted(counts.items()))}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
