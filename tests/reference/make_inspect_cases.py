#!/usr/bin/env python3
"""Writes inspect_cases.json: what PyTorch makes of index expressions and how it prints tensors, for tests without it.

Run with a Python that has torch (Debian's python3-torch, 1.13.1):  /usr/bin/python3 make_inspect_cases.py

Slices are of arange(numel) in the shape given, so that a number tells where it comes from. Printed tensors are written
out; what JSON has no number for is a word.
"""

import json
import math
import os
import random

import torch

import torch_inspect as inspect

SLICES = 420
PRINTS = 160
MOST_NUMBERS = 120


def slice_case(shape, expression):
    x = torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)
    answer = inspect.index(x, expression)
    case = dict(shape=shape, expression=expression)
    if isinstance(answer, str):
        return dict(case, error=answer)
    return dict(case, result=list(answer.shape), numbers=[int(v) for v in answer.flatten().tolist()])


def slice_cases(source):
    cases = [slice_case([2, 3, 4, 5], e) for e in
             ["x", "x[0]", "x[:, 0]", "x[:, :, 2:5, 3:6]", "x[..., ::2]", "x[-1]", "x[-1, -2:, None]", "x[0][1:][:, 0]"]]
    cases += [slice_case([3], e) for e in ["x[5]", "x[-4]", "x[0, 0]", "x[::-1]", "x[::0]", "x[0][0]", "x[0][1]",
                                          "x[0][:]", "x[1.5]", "x[:1.5]", "x[i]", "x[...:]", "x[..., ..., 0]"]]
    errors = {}
    while len(cases) < SLICES:
        case = slice_case(inspect.random_shape(source), inspect.random_expression(source))
        if "error" in case:
            kind = case["error"][:22]
            errors[kind] = errors.get(kind, 0) + 1
            if inspect.is_overflow_of_torch(case["error"]) or errors[kind] > 25:
                continue
        elif len(case["numbers"]) > MOST_NUMBERS:
            continue
        cases.append(case)
    return cases


def print_cases(source):
    cases = []
    for shape, value in [([], 3.5), ([], 2.0), ([1], math.nan), ([2, 2], math.inf), ([0], 0), ([0, 3], 0), ([2, 0], 0)]:
        cases += [torch.full(shape, value, dtype=dtype) for dtype in (torch.float32, torch.float64)]
    large = [torch.arange(1001.0), torch.arange(1000.0), torch.arange(1050.0).reshape(35, 30) / 8,
             torch.arange(1440.0).reshape(2, 8, 9, 10), torch.arange(1008.0).reshape(7, 6, 24) * 1e-3]
    cases += large
    while len(cases) < PRINTS:
        x = inspect.random_values(source, source.choice([torch.float32, torch.float64]))
        if x.numel() <= MOST_NUMBERS:
            cases.append(x)
    word = lambda v: v if math.isfinite(v) else str(v)
    return [dict(shape=list(x.shape), dtype=str(x.dtype)[6:], numbers=[word(v) for v in x.flatten().tolist()],
                 text=repr(x)) for x in cases]


def main():
    source = random.Random(10010)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inspect_cases.json")
    lines = lambda cases: ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    slices, prints = slice_cases(source), print_cases(source)
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"made_by": "make_inspect_cases.py", "torch": "%s", "slices": [\n' % torch.__version__)
        file.write(lines(slices) + "\n], \"prints\": [\n" + lines(prints) + "\n]}\n")
    print(f"{path}: {len(slices)} slices, {sum('error' in c for c in slices)} of them refused, {len(prints)} prints, "
          f"{os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
