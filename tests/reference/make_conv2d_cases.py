#!/usr/bin/env python3
"""Writes conv2d_cases.json: what PyTorch makes of many convolutions, for a test that needs no PyTorch.

Run with a Python that has torch (Debian's python3-torch, 1.13.1):  /usr/bin/python3 make_conv2d_cases.py

The tensors are not written out: the test draws them as this script does, with torch.manual_seed(seed) and then
input, weight, bias. Most are whole numbers between -4 and 4, so that the sums are exact in every order and the test
can ask for equality; those with "draw": "randn" are compared within the tolerance of two orders of summation.

Not asked, because the versions of PyTorch disagree with each other or with their own documentation: negative padding
with a padding_mode other than zeros (it crops), in_channels = 0, an empty batch of empty pictures, and circular
padding without a batch axis (refused by 1.13, accepted since).
"""

import json
import os
import random
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.backends.mkldnn.enabled = False  # the plain kernels: one order of summation, no transformed tiles

MODES = ["zeros", "reflect", "replicate", "circular"]


def arguments(case):
    return dict(
        in_channels=case["in_channels"],
        out_channels=case["out_channels"],
        kernel_size=tuple(case["kernel_size"]),
        stride=tuple(case["stride"]),
        padding=case["padding"] if isinstance(case["padding"], str) else tuple(case["padding"]),
        dilation=tuple(case["dilation"]),
        groups=case["groups"],
        bias=case["bias"],
        padding_mode=case["padding_mode"],
        dtype=getattr(torch, case["dtype"]),
    )


def draw(case, shape):
    dtype = getattr(torch, case["dtype"])
    if case["draw"] == "randn":
        return torch.randn(shape, dtype=dtype)
    return torch.randint(-4, 5, shape).to(dtype)


def asks(case):
    """Adds PyTorch's answer to the case: "shape" and "output", or "refused"."""
    try:
        with torch.no_grad():
            layer = nn.Conv2d(**arguments(case))
            torch.manual_seed(case["seed"])
            x = draw(case, case["input_shape"])
            layer.weight.copy_(draw(case, layer.weight.shape))
            if layer.bias is not None:
                layer.bias.copy_(draw(case, layer.bias.shape))
            y = layer(x)
    except (RuntimeError, ValueError, ZeroDivisionError, TypeError):
        return dict(case, refused=True)
    answer = dict(case, shape=list(y.shape))
    values = y.flatten().tolist()
    if case["draw"] == "randn":
        digits = 9 if case["dtype"] == "float32" else 17
        answer["output"] = [float(f"{v:.{digits}g}") for v in values]
    else:
        answer["output"] = [int(v) for v in values]
    return answer


def base(**changes):
    case = dict(
        seed=1, draw="randint", dtype="float32", input_shape=[1, 1, 5, 5], in_channels=1, out_channels=1,
        kernel_size=[3, 3], stride=[1, 1], padding=[0, 0], dilation=[1, 1], groups=1, bias=True, padding_mode="zeros",
    )
    case.update(changes)
    return case


def chosen_cases():
    """Each argument on its own, and each rule on both sides of its border."""
    for mode in MODES:
        for padding in ([0, 0], [1, 2], [2, 1], [4, 4], [5, 5], [6, 6], "same", "valid"):
            yield base(input_shape=[1, 1, 5, 5], padding=padding, padding_mode=mode)
            yield base(input_shape=[2, 1, 5, 6], kernel_size=[4, 2], padding=padding, padding_mode=mode)
        yield base(input_shape=[0, 1, 5, 5], padding=[1, 1], padding_mode=mode)
        yield base(input_shape=[1, 1, 1, 1], padding="same", padding_mode=mode)
        yield base(input_shape=[1, 1, 2, 2], kernel_size=[7, 7], padding="same", padding_mode=mode)
        yield base(input_shape=[1, 1, 1, 5], kernel_size=[1, 1], padding=[0, 2], padding_mode=mode)
        yield base(input_shape=[1, 1, 7, 7], kernel_size=[2, 4], dilation=[3, 1], padding="same", padding_mode=mode)
        if mode != "circular":
            yield base(input_shape=[1, 5, 5], padding=[1, 1], padding_mode=mode)
            yield base(input_shape=[1, 5, 5], kernel_size=[2, 2], padding="same", padding_mode=mode)
    for pair in ([0, 1], [1, 0], [-1, 1], [1, -1], [0, 0], [2, 1], [1, 7], [4611686018427387904, 1]):
        yield base(stride=pair)
        if max(pair) < 100:  # 1.13 lets such a dilation overflow and reads what lies there
            yield base(dilation=pair)
            yield base(kernel_size=pair)
    for padding in ([-1, 0], [0, -1], [0, 0], [0, 3]):
        yield base(padding=padding)
    for stride in ([2, 2], [1, 2], [2, 1]):
        yield base(padding="same", stride=stride)
        yield base(padding="valid", stride=stride)
    for groups in (-1, 0, 1, 2, 3, 4, 6):
        yield base(input_shape=[1, 6, 4, 4], in_channels=6, out_channels=4, groups=groups)
        yield base(input_shape=[1, 4, 4, 4], in_channels=4, out_channels=6, groups=groups)
        yield base(input_shape=[1, 6, 4, 4], in_channels=6, out_channels=6, groups=groups)
    for channels in (1, 2, 4):
        yield base(input_shape=[1, 3, 5, 5], in_channels=channels)
    for shape in ([5, 5], [5], [1, 5, 5], [2, 5, 5], [1, 1, 1, 5, 5], [3, 1, 5, 5], [0, 1, 5, 5], [1, 1, 0, 5],
                  [1, 1, 5, 0], [1, 1, 2, 5], [1, 1, 3, 3], [0, 1, 2, 2]):
        yield base(input_shape=shape)
    yield base(out_channels=0)
    for kernel in ([5, 5], [6, 5], [5, 6], [7, 7]):
        yield base(kernel_size=kernel)
        yield base(kernel_size=kernel, padding=[1, 1])
    for dilation in ([2, 2], [3, 2], [2, 3]):
        yield base(dilation=dilation)
    yield base(bias=False)


def tutorial_cases():
    """Parts 6.2.1, 6.2.2 and 7.2 of the tutorial, with its seed and its order of draws."""
    for input_shape, out_channels, kernel, stride in (
        ([2, 3, 5, 5], 2, 3, 1), ([2, 2, 5, 5], 3, 3, 2), ([1, 3, 5, 5], 5, 5, 2),
    ):
        yield base(seed=10010, draw="randn", input_shape=input_shape, in_channels=input_shape[1],
                   out_channels=out_channels, kernel_size=[kernel, kernel], stride=[stride, stride], padding=[1, 1])


def random_cases(source, count, draw_kind):
    def pick(low, high):
        return source.randint(low, high)

    for _ in range(count):
        groups = source.choice([1, 1, 1, 2, 3, 4])
        slip = 0 if draw_kind == "randn" else pick(0, 11)  # now and then a rule is broken
        case = base(
            seed=pick(0, 2**31),
            draw=draw_kind,
            dtype=source.choice(["float32", "float64"]),
            in_channels=groups * pick(1, 3) + (slip == 1),
            out_channels=groups * pick(1, 3) + (slip == 2),
            kernel_size=[pick(1, 4), pick(1, 4)],
            stride=[pick(1, 3), pick(1, 3)] if slip != 3 else [pick(-1, 1), 1],
            padding=source.choice(["same", "valid", [pick(0, 3), pick(0, 3)], [pick(0, 3), pick(0, 3)]]),
            dilation=[source.choice([1, 1, 2, 3]), source.choice([1, 1, 2, 3])],
            groups=groups,
            bias=source.random() < 0.5,
            padding_mode=source.choice(MODES),
        )
        if case["padding"] == "same" and pick(0, 5) > 0:
            case["stride"] = [1, 1]
        channels = case["in_channels"] + (slip == 4)
        size = [pick(1, 9), pick(1, 9)]
        if draw_kind == "randn" or pick(0, 3) > 0:
            size = [pick(5, 11), pick(5, 11)]
        case["input_shape"] = [pick(1, 2), channels] + size
        if case["padding_mode"] != "circular" and pick(0, 5) == 0:
            case["input_shape"] = case["input_shape"][1:]
        yield case


def main():
    source = random.Random(10010)
    cases = [asks(case) for case in chosen_cases()]
    cases += [asks(case) for case in random_cases(source, 170, "randint")]
    accepted = [asks(case) for case in random_cases(source, 80, "randn")]
    cases += [case for case in accepted if "output" in case and len(case["output"]) <= 200][:30]
    cases += [asks(case) for case in tutorial_cases()]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "conv2d_cases.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"made_by": "make_conv2d_cases.py", "torch": "%s", "cases": [\n' % torch.__version__)
        file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
        file.write("\n]}\n")
    refused = sum("refused" in case for case in cases)
    print(f"{path}: {len(cases)} cases, {refused} of them refused, {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
