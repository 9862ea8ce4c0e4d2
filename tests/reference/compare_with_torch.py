#!/usr/bin/env python3
"""Holds `convscope compute conv2d` against PyTorch on random parameters, refusals included.

For developers who have a Python with torch and numpy:
    compare_with_torch.py build/release/convscope [--cases 200] [--seed 1] [--algorithm auto]
Prints the seed, the largest difference relative to the tolerance, and each case that disagrees; exits with 1 if any.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import warnings

import numpy
import torch
from torch import nn

warnings.filterwarnings("ignore")

MODES = ["zeros", "reflect", "replicate", "circular"]
ALGORITHMS = ["auto", "naive", "im2col"]


def random_case(source):
    groups = source.choice([1, 1, 1, 2, 3, 8])
    slip = source.randint(0, 15)  # now and then a rule is broken
    pair = lambda low, high: (source.randint(low, high), source.randint(low, high))
    case = dict(
        in_channels=groups * source.randint(1, 9) + (slip == 1),
        out_channels=groups * source.randint(1, 20) + (slip == 2),
        kernel_size=pair(1, 7),
        stride=pair(1, 4) if source.random() < 0.5 else (1, 1),
        padding=source.choice(["same", "valid", pair(0, 6), pair(0, 3), pair(0, 1)]),
        dilation=pair(1, 4) if source.random() < 0.3 else (1, 1),
        groups=groups,
        bias=source.random() < 0.5,
        padding_mode=source.choice(MODES),
    )
    if slip == 3:
        case["stride"] = pair(-1, 1)
    size = [case["in_channels"] + (slip == 4), source.randint(1, 70), source.randint(1, 70)]
    # Circular padding without a batch axis: refused by PyTorch 1.13, accepted since and here.
    batched = source.random() < 0.8 or case["padding_mode"] == "circular"
    dtype = source.choice([torch.float32, torch.float64])
    return case, ([source.randint(1, 3)] + size if batched else size), dtype


def ask_torch(case, shape, dtype):
    """Input, weight, bias, output and the tolerance; output None where PyTorch refuses."""
    x = torch.randn(shape, dtype=dtype)
    try:
        layer = nn.Conv2d(**case, dtype=dtype)
    except (RuntimeError, ValueError, ZeroDivisionError):
        channels = max(1, case["in_channels"] // max(1, case["groups"]))
        weight = torch.randn([max(1, case["out_channels"]), channels, *case["kernel_size"]], dtype=dtype)
        return x, weight, torch.randn([weight.shape[0]], dtype=dtype) if case["bias"] else None, None, 0.0
    with torch.no_grad():
        weight, bias = layer.weight.clone(), layer.bias.clone() if case["bias"] else None
        try:
            y = layer(x)
        except (RuntimeError, ValueError):
            return x, weight, bias, None, 0.0
        layer.weight.abs_()
        if bias is not None:
            layer.bias.abs_()
        largest = layer(x.abs()).max().item() if y.numel() > 0 else 0.0
    products = weight[0].numel()
    return x, weight, bias, y, torch.finfo(dtype).eps * max(4.0, 2.5 * products**0.5) * largest


def pair_text(value):
    return value if isinstance(value, str) else ",".join(str(v) for v in value)


def ask_convscope(program, folder, case, x, weight, bias, algorithm, threads):
    path = lambda name: os.path.join(folder, name + ".npy")
    numpy.save(path("x"), x.numpy())
    numpy.save(path("weight"), weight.numpy())
    command = [program, "compute", "conv2d", "--input", path("x"), "--weight", path("weight"), "-o", path("y")]
    if bias is not None:
        numpy.save(path("bias"), bias.numpy())
        command += ["--bias", path("bias")]
    command += ["--stride", pair_text(case["stride"]), "--padding", pair_text(case["padding"])]
    command += ["--dilation", pair_text(case["dilation"]), "--groups", str(case["groups"])]
    command += ["--padding-mode", case["padding_mode"], "--algorithm", algorithm, "--threads", str(threads)]
    if os.path.exists(path("y")):
        os.remove(path("y"))
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"exit status {done.returncode} from {' '.join(command)}\n{done.stderr}")
    return (numpy.load(path("y")) if done.returncode == 0 else None), done.stderr.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**31))
    parser.add_argument("--algorithm", choices=ALGORITHMS, help="one of them (default: each in turn)")
    options = parser.parse_args()
    print(f"seed {options.seed}, torch {torch.__version__}")
    source = random.Random(options.seed)
    torch.manual_seed(options.seed)

    wrong = refused = 0
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.cases):
            case, shape, dtype = random_case(source)
            algorithm = options.algorithm or ALGORITHMS[number % len(ALGORITHMS)]
            x, weight, bias, expected, tolerance = ask_torch(case, shape, dtype)
            actual, message = ask_convscope(
                options.program, folder, case, x, weight, bias, algorithm, source.randint(1, 3))
            complaint = None
            if (actual is None) != (expected is None):
                complaint = f"torch {'refuses' if expected is None else 'accepts'}, convscope does not: {message}"
            elif expected is None:
                refused += 1
            elif list(actual.shape) != list(expected.shape) or actual.dtype != expected.numpy().dtype:
                complaint = f"{actual.dtype} {actual.shape} instead of {expected.dtype} {tuple(expected.shape)}"
            elif expected.numel() > 0:
                difference = numpy.abs(actual - expected.numpy())
                at = numpy.unravel_index(numpy.argmax(difference), difference.shape)
                worst = max(worst, difference[at] / tolerance)
                if not difference[at] <= tolerance:
                    complaint = f"cell {at}: {actual[at]} instead of {expected[at].item()}, allowed {tolerance}"
            if complaint:
                wrong += 1
                print(f"case {number}: {complaint}\n  input {shape} {dtype} {case} {algorithm}")
    print(f"{options.cases} cases, {refused} refused by both, {wrong} disagree; "
          f"largest difference {worst:.3f} of the tolerance")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
