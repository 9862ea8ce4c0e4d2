#!/usr/bin/env python3
"""Writes operation_cases.json: what PyTorch makes of every operation, for a test that needs no PyTorch. Of conv2d only
what conv2d_cases.json has not: separate begins and ends, and circular padding without a batch axis.

Run with a Python that has torch (Debian's python3-torch, 1.13.1):  /usr/bin/python3 make_operation_cases.py

The tensors are not written out: the test draws them as this script does, with torch.manual_seed(seed) and then input,
weight, bias, grad_output as they apply: whole numbers between -4 and 4, so that all sums are exact.
"""

import json
import math
import os
import random

import torch

import torch_operations as operations

torch.set_num_threads(1)
PER_OPERATION = 24
REFUSED_PER_OPERATION = 6
MOST_NUMBERS = 150


def asks(case):
    dtype = getattr(torch, case["dtype"])
    draw = lambda shape: torch.randint(-4, 5, shape).to(dtype)
    if case["operation"] == "conv2d_backward":
        case = dict(case, grad_shape=operations.grad_shape(case))
    torch.manual_seed(case["seed"])
    x = draw(case["input_shape"])
    weight = draw(case["weight_shape"]) if "weight_shape" in case else None
    out_channels = 0
    if weight is not None:
        transposed = case["operation"] in operations.TRANSPOSED
        out_channels = weight.shape[1] * case["arguments"]["groups"] if transposed else weight.shape[0]
    bias = draw([max(0, out_channels)]) if case.get("bias") else None
    grad_output = None
    if case["operation"] == "conv2d_backward":
        grad_output = draw(case["grad_shape"])
    answer = operations.ask_torch(case, x, weight, bias, grad_output)
    if answer.tensors is None:
        return dict(case, refused=answer.message[:100])
    number = lambda v: str(v) if math.isinf(v) else int(v) if v == int(v) else v
    return dict(case, results={name: dict(shape=list(t.shape), numbers=[number(v) for v in t.flatten().tolist()])
                               for name, t in answer.tensors.items()})


def some_cases(source, operation, wanted, refusals, fits=lambda case: True):
    """As many good and refused ones as asked for, of those that fit."""
    cases, good, refused = [], 0, 0
    while good < wanted or refused < refusals:
        case = dict(operations.random_case(source, operation, 9), seed=source.randint(0, 2**31))
        if not fits(case):
            continue
        case = asks(case)
        if "refused" in case:
            if refused < refusals:
                cases.append(case)
            refused += 1
        elif sum(len(r["numbers"]) for r in case["results"].values()) <= MOST_NUMBERS and good < wanted:
            cases.append(case)
            good += 1
    return cases


def main():
    source = random.Random(10010)
    cases = []
    for operation in operations.OPERATIONS:
        if operation != "conv2d":
            cases += some_cases(source, operation, PER_OPERATION, REFUSED_PER_OPERATION)
    mode = lambda case: case["arguments"]["padding_mode"]
    for name in operations.MODES:
        cases += some_cases(source, "conv2d", 8, 3, lambda case: "pads" in case["arguments"] and mode(case) == name)
    cases += some_cases(source, "conv2d", 6, 0, lambda case: mode(case) == "circular" and len(case["input_shape"]) == 3)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "operation_cases.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"made_by": "make_operation_cases.py", "torch": "%s", "cases": [\n' % torch.__version__)
        file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
        file.write("\n]}\n")
    print(f"{path}: {len(cases)} cases, {sum('refused' in c for c in cases)} refused, {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
