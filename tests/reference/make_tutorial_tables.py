#!/usr/bin/env python3
"""Writes tutorial_tables.json: the tensors of the tutorial's worked cases as PyTorch draws and convolves them.

Run with a Python that has torch (Debian's python3-torch, 1.13.1):  /usr/bin/python3 make_tutorial_tables.py

"tolerance" is that of two orders of summation: epsilon * max(4, 2.5 sqrt(K)) * the largest sum of |products|.
"""

import json
import os

import torch
import torch.nn.functional as F

SEED = 10010
# Preset: the shapes of input, weight and bias, in the order in which they are drawn; stride; padding.
DRAWN = {
    "tutorial_6_1": ([1, 1, 5, 5], [1, 1, 3, 3], [1], 1, 1),
    "tutorial_6_2_1": ([2, 3, 5, 5], [2, 3, 3, 3], [2], 1, 1),
    "tutorial_6_2_2": ([2, 2, 5, 5], [3, 2, 3, 3], [3], 2, 1),
    "tutorial_7_1": ([1, 1, 5, 5], [1, 1, 3, 3], [1], 2, 1),
    "tutorial_7_2": ([1, 3, 5, 5], [5, 3, 5, 5], [5], 2, 1),
}


def table(x, weight, bias, stride, padding):
    magnitudes = F.conv2d(x.abs(), weight.abs(), None if bias is None else bias.abs(), stride, padding)
    bound = torch.finfo(x.dtype).eps * max(4.0, 2.5 * weight[0].numel() ** 0.5) * magnitudes.max().item()
    tensors = dict(input=x, weight=weight, bias=bias, output=F.conv2d(x, weight, bias, stride, padding))
    return dict(tolerance=bound, **{name: dict(shape=list(t.shape), numbers=t.flatten().tolist())
                                    for name, t in tensors.items() if t is not None})


def main():
    tables = {}
    torch.manual_seed(SEED)
    x = torch.randn(1, 1, 4, 4)
    tables["tutorial_4_2"] = table(x, torch.nn.Conv2d(1, 1, 3, bias=False).weight.detach(), None, 1, 0)
    for name, (x, weight, bias, stride, padding) in DRAWN.items():
        torch.manual_seed(SEED)
        tables[name] = table(torch.randn(x), torch.randn(weight), torch.randn(bias), stride, padding)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tutorial_tables.json")
    with open(path, "w", encoding="utf-8") as file:
        rows = (f"{json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in tables.items())
        file.write("{\n" + ",\n".join(rows) + "\n}\n")
    print(f"{path}: {len(tables)} tables")


if __name__ == "__main__":
    main()
