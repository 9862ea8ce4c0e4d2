#!/usr/bin/env python3
"""Holds `convscope compute` and `convscope size` against PyTorch on random parameters, refusals included.

For developers who have a Python with torch and numpy:
    compare_with_torch.py build/release/convscope [--cases 200] [--minutes 5] [--seed 1] [--operation conv3d]
Prints the seed, how many cases of each operation ran, the largest difference relative to the tolerance of two orders
of summation, and each case that disagrees; exits with 1 if any does.

Beside what torch_operations.py draws, some cases are written in unusual ways: one number for all axes, too many
numbers, unknown words, an output_size with the batch, a bias or grad_output that does not fit; pooling also meets
equal numbers, NaN and infinities.

winograd and fft compute some convolutions only: where their rules (engine/algorithm.h) say that they do not, they must
refuse, and the case is computed without --algorithm instead; how many they computed is printed. They are allowed what
the cross-check allows them: their own error beside that of another order of summation.
"""

import argparse
import collections
import math
import os
import random
import subprocess
import sys
import tempfile
import time

import numpy
import torch

import torch_operations as operations

OF_EVERY_WEIGHT = ["auto", "naive", "im2col"]  # what transposed convolutions and conv2d's gradients take, too
ALGORITHMS = OF_EVERY_WEIGHT + ["slices", "loops", "im2col_per_channel", "toeplitz", "direct", "winograd", "fft"]


def text_of(value):
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(str(v) for v in value) if isinstance(value, list) else str(value)


def option_of(name):
    return "--" + name.replace("_", "-")


def run(command):
    """Raises AssertionError where the program does not end as it should: status 0 to 2, one line in its language."""
    language = "zh_CN.UTF-8" if len(" ".join(command)) % 2 else "C"
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, LC_ALL=language))
    line, refused = done.stderr, done.returncode in (1, 2)
    is_good = refused == line.startswith("convscope: error: ") and line.count("\n") == int(refused)
    words = line.removeprefix("convscope: error: ")
    if refused and (words.startswith("error.") or "{" in words or words.isascii() == (language != "C")):
        is_good = False  # a key without words, a gap that was not filled, or the wrong language
    if done.returncode not in (0, 1, 2) or not is_good:
        raise AssertionError(f"exit status {done.returncode} from {' '.join(command)}: {line}")
    return done


def ask_convscope(program, folder, case, tensors, algorithm, threads):
    """The answers by name, or None where it refuses; and what it said."""
    path = lambda name: os.path.join(folder, name + ".npy")
    for file in os.listdir(folder):
        os.remove(os.path.join(folder, file))
    command = [program, "compute", case["operation"]]
    for name, tensor in tensors.items():
        if tensor is not None:
            numpy.save(path(name), tensor.numpy())
            command += [option_of(name), path(name)]
    for name, value in case["arguments"].items():
        command += [option_of(name), text_of(value)]
    command += ["--threads", str(threads)]
    if algorithm:
        command += ["--algorithm", algorithm]
    backward, has_indices = case["operation"] == "conv2d_backward", case["operation"] in operations.MAX_POOLS
    command += ["-o", os.path.join(folder, "grad") if backward else path("output")]
    if has_indices:
        command += ["--output-indices", path("indices")]
    done = run(command)
    if done.returncode != 0:
        left = [f for f in os.listdir(folder) if f.startswith(("output", "indices", "grad."))]
        return None, done.stderr.strip() + (f" but left {left}" if left else "")
    if backward:
        return {name: numpy.load(path("grad." + name)) for name in ("input", "weight", "bias")}, ""
    names = ["output", "indices"] if has_indices else ["output"]
    return {name: numpy.load(path(name)) for name in names}, ""


def ask_size(program, case):
    """The output's shape as `convscope size` says it, or None where it refuses."""
    command = [program, "size", case["operation"], "--input-size", text_of(case["input_shape"])]
    if "weight_shape" in case:
        command += ["--weight-size", text_of(case["weight_shape"])]
    for name, value in case["arguments"].items():
        command += [option_of(name), text_of(value)]
    done = run(command)
    return [int(v) for v in done.stdout.splitlines()[-1].split(", ")] if done.returncode == 0 else None


def write_strangely(source, case):
    """A way of writing that a shape of a case does not show; some of them are wrong."""
    a, dims = case["arguments"], operations.dims_of(case["operation"])
    lists = [name for name, value in a.items() if isinstance(value, list) and name != "pads"]
    kind = source.randint(0, 6)
    if kind == 0:
        name = source.choice(lists)
        if name != "output_size":
            a[name] = a[name][0]  # one number for every axis
    elif kind == 1:
        a[source.choice(lists)].append(1)
    elif kind == 2 and "pads" in a:
        a["pads"].append(0)
    elif kind == 3 and "padding" in a:
        a["padding"] = source.choice(["same", "valid", "full"])
    elif kind == 4 and "padding_mode" in a:
        a["padding_mode"] = source.choice(["constant", "zero", "Reflect"])
    elif kind == 5 and case["operation"] in operations.TRANSPOSED and "output_size" in a:
        a["output_size"] = case["input_shape"][:-dims] + a["output_size"]
    elif kind == 6 and "weight_shape" in case:
        case["misfit"] = "grad_output" if case["operation"] == "conv2d_backward" else "bias"
        case["bias"] = True


def fill(source, shape, dtype, kinds):
    kind = source.randint(0, kinds - 1)
    tensor = torch.randn(shape, dtype=dtype)
    if kind == 1:
        tensor = torch.randint(-2, 3, shape).to(dtype)  # equal numbers
    elif kind == 2:
        special = torch.tensor([float("nan"), float("inf"), -float("inf")], dtype=dtype)
        tensor = torch.where(torch.rand(shape) < 0.2, special[torch.randint(0, 3, shape)], tensor)
    return tensor


def draw_tensors(source, case):
    dtype = getattr(torch, case["dtype"])
    is_pool = case["operation"] in operations.MAX_POOLS + operations.AVERAGE_POOLS
    # With pads, the -inf that stands in for padding would be taken for one of the input's.
    kinds = 1 if not is_pool else 2 if "pads" in case["arguments"] else 3
    tensors = dict(input=fill(source, case["input_shape"], dtype, kinds))
    if "weight_shape" in case:
        tensors["weight"] = torch.randn(case["weight_shape"], dtype=dtype)
        transposed = case["operation"] in operations.TRANSPOSED
        groups = case["arguments"]["groups"]
        out_channels = case["weight_shape"][1] * groups if transposed else case["weight_shape"][0]
        if case.get("bias"):
            tensors["bias"] = torch.randn([max(0, out_channels) + (case.get("misfit") == "bias")], dtype=dtype)
    if case["operation"] == "conv2d_backward":
        shape = operations.grad_shape(case)
        shape[-1] += case.get("misfit") == "grad_output"
        tensors["grad_output"] = torch.randn(shape, dtype=dtype)
    return tensors


def difference(name, actual, expected, tolerance):
    """A complaint or None, and the largest difference as a part of the tolerance."""
    if list(actual.shape) != list(expected.shape) or actual.dtype != expected.numpy().dtype:
        return f"{name}: {actual.dtype} {actual.shape} instead of {expected.dtype} {tuple(expected.shape)}", 0.0
    if expected.numel() == 0:
        return None, 0.0
    wanted = expected.numpy()
    with numpy.errstate(invalid="ignore"):
        same = (actual == wanted) | (numpy.isnan(actual) & numpy.isnan(wanted))
        apart = numpy.where(same, 0.0, numpy.abs(actual - wanted))
    apart[numpy.isnan(apart)] = numpy.inf
    at = numpy.unravel_index(numpy.argmax(apart), apart.shape)
    if apart[at] <= tolerance:
        return None, apart[at] / tolerance if tolerance > 0 else 0.0
    return f"{name}{list(map(int, at))}: {actual[at]} instead of {wanted[at]}, allowed {tolerance}", 0.0


def algorithms_of(operation):
    """Those that `--algorithm` takes; none of an operation without a weight."""
    if operation in operations.CONVOLUTIONS:
        return ALGORITHMS
    return OF_EVERY_WEIGHT if operation in operations.TRANSPOSED + ["conv2d_backward"] else []


def fit(algorithm, case):
    """Makes a case its own that most random ones are not."""
    a, dims = case["arguments"], operations.dims_of(case["operation"])
    if algorithm == "fft":
        a["stride"][-2:] = [1] * min(2, dims)
    elif dims > 1 and len(case["weight_shape"]) == dims + 2:
        case["weight_shape"][-2:] = [3, 3]
        for name in ("stride", "dilation"):
            a[name][-2:] = [1, 1]


def takes(algorithm, case, output_shape):
    """Whether the algorithm computes a good convolution. The planes of conv3d are computed one by one, conv1d as
    pictures of one row; along an axis with a single result fft has no step to take."""
    a = case["arguments"]
    dims = operations.dims_of(case["operation"])
    last = min(2, dims)
    stride, dilation = (operations.each(a[name], dims)[-last:] for name in ("stride", "dilation"))
    if algorithm == "winograd":
        return case["weight_shape"][2:][-2:] == [3, 3] and stride == [1, 1] and dilation == [1, 1]
    if algorithm == "fft":
        return all(s == 1 or n == 1 for s, n in zip(stride, output_shape[-last:]))
    return True


def own_error(algorithm, case, tensors):
    """What transforms may be off by: transform_tolerance() of engine/cross_check.h and, with its larger tile,
    winograd_error_bound() of engine/conv2d_winograd.h."""
    x, weight, bias = tensors["input"], tensors["weight"].double(), tensors.get("bias")
    epsilon, dims = torch.finfo(x.dtype).eps, operations.dims_of(case["operation"])
    if x.numel() == 0:
        return 0.0
    if algorithm == "fft":
        return 32 * epsilon * x.abs().max().item() * weight.flatten(1).norm(dim=1).max().item()
    if algorithm != "winograd":
        return 0.0
    kappa, roundings = 33.6, math.prod(weight.shape[1:-2]) + 30
    factor = roundings * epsilon / 2 / (1 - roundings * epsilon / 2) * kappa**2 * min(1.0, 2.5 / roundings**0.5)
    inputs = x.abs().double().reshape(-1, case["arguments"]["groups"], weight.shape[1],
                                      math.prod(x.shape[-dims:])).amax(dim=3)
    filters = weight.abs().amax(dim=(-2, -1)).reshape(weight.shape[0], weight.shape[1], -1).sum(dim=2)
    filters = filters.reshape(inputs.shape[1], -1, weight.shape[1])
    sums = torch.einsum("ngc,gkc->ngk", inputs, filters).max().item()
    return factor * (sums + (bias.abs().max().item() if bias is not None else 0.0))


def compare(program, folder, source, case, algorithm, uses):
    """A complaint or None, whether both refused, and the largest difference as a part of the tolerance. `uses` counts
    how often the algorithm computed and how often it does not take the case."""
    tensors, threads = draw_tensors(source, case), source.randint(1, 8)
    expected = operations.ask_torch(case, tensors["input"], tensors.get("weight"), tensors.get("bias"),
                                    tensors.get("grad_output"))
    given = {k: v for k, v in tensors.items() if not (case["operation"] == "conv2d_backward" and k == "bias")}
    actual, message = ask_convscope(program, folder, case, given, algorithm, threads)
    if "but left" in message:
        return message, True, 0.0
    if algorithm and expected.tensors is not None:
        taken = "output" not in expected.tensors or takes(algorithm, case, expected.tensors["output"].shape)
        if not taken and actual is not None:
            return f"{algorithm} computes what is none of its own", False, 0.0
        uses[taken] += 1
        if not taken:
            algorithm = None
            actual, message = ask_convscope(program, folder, case, given, algorithm, threads)
    if (actual is None) != (expected.tensors is None):
        verb = "refuses: " + expected.message if expected.tensors is None else "accepts"
        return f"torch {verb}; convscope does not: {message}", False, 0.0
    if "misfit" in case:
        return None, True, 0.0  # its sizes are good
    size = ask_size(program, case)
    if (size is None) != (actual is None):
        return f"compute and size disagree: {message}", False, 0.0
    if actual is None:
        return None, True, 0.0
    if "output" in actual and size != list(actual["output"].shape):
        return f"size says {size}, compute {actual['output'].shape}", False, 0.0
    worst = 0.0
    for name, wanted in expected.tensors.items():
        tolerance = expected.tolerances.get(name, 0.0) + (own_error(algorithm, case, tensors) if algorithm else 0.0)
        complaint, part = difference(name, actual[name], wanted, tolerance)
        if complaint:
            return complaint, False, 0.0
        worst = max(worst, part)
    return None, False, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--minutes", type=float, help="go on for so long, whatever --cases says")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**31))
    parser.add_argument("--operation", choices=operations.OPERATIONS, help="one of them (default: each in turn)")
    parser.add_argument("--algorithm", choices=ALGORITHMS,
                        help="one of them, for the operations that take it (default: any)")
    parser.add_argument("--largest", type=int, default=40, help="the longest axis of most one-dimensional inputs")
    options = parser.parse_args()
    print(f"seed {options.seed}, torch {torch.__version__}")
    source = random.Random(options.seed)
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)

    counts, uses = collections.defaultdict(lambda: [0, 0]), collections.defaultdict(lambda: [0, 0])
    wrong, worst, number = 0, 0.0, 0
    end = time.monotonic() + 60 * options.minutes if options.minutes else None
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end if end else number < options.cases:
            operation = options.operation or operations.OPERATIONS[number % len(operations.OPERATIONS)]
            largest = options.largest * source.choice([1, 1, 1, 6])
            case = operations.random_case(source, operation, largest)
            known = algorithms_of(operation)
            algorithm = source.choice(known) if known else None
            if options.algorithm:
                algorithm = options.algorithm if options.algorithm in known else None
            if algorithm in ("winograd", "fft") and source.randint(0, 3):
                fit(algorithm, case)
            if source.randint(0, 9) == 0:
                write_strangely(source, case)
            try:
                complaint, refused, part = compare(options.program, folder, source, case, algorithm, uses[algorithm])
            except AssertionError as problem:
                complaint, refused, part = str(problem), False, 0.0
            counts[operation][refused] += 1
            worst = max(worst, part)
            number += 1
            if complaint:
                wrong += 1
                print(f"case {number - 1}: {complaint}\n  {case} {algorithm or ''}", flush=True)
    for operation, (computed, refused) in counts.items():
        print(f"{operation}: {computed} computed, {refused} refused by both")
    for algorithm in filter(None, uses):
        not_taken, ran = uses[algorithm]
        print(f"--algorithm {algorithm}: computed {ran}" + (f", not its own {not_taken}" if not_taken else ""))
    print(f"{number} cases, {wrong} disagree; largest difference {worst:.3f} of the tolerance")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
