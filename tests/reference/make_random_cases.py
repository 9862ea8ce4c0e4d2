#!/usr/bin/env python3
"""Writes random_cases.json: sequences of draws after torch.manual_seed and what came out, for a test without PyTorch.

Run with a Python that has torch (Debian's python3-torch, 1.13.1), on a processor with AVX2:
    /usr/bin/python3 make_random_cases.py

The numbers are not written out: "hashes" are FNV-1a of the tensors' bytes, 64 bits, in hexadecimal.
"""

import json
import os
import random

import torch

import torch_draws

SEQUENCES = 120


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def main():
    source, sequences = random.Random(10010), []
    for _ in range(SEQUENCES):
        seed = torch_draws.random_seed(source)
        torch.manual_seed(seed)
        draws = [torch_draws.random_draw(source, 700) for _ in range(source.randint(1, 8))]
        for draw in draws:
            draw["hashes"] = [fnv1a(tensor.numpy().tobytes()) for tensor in torch_draws.tensors_of(draw)]
        sequences.append(dict(seed=seed, draws=draws))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "random_cases.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"made_by": "make_random_cases.py", "torch": "%s", "sequences": [\n' % torch.__version__)
        file.write(",\n".join(json.dumps(sequence, separators=(",", ":")) for sequence in sequences))
        file.write("\n]}\n")
    print(f"{path}: {sum(len(s['draws']) for s in sequences)} draws, {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
