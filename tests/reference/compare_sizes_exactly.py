#!/usr/bin/env python3
"""Holds `convscope size --json` against whole numbers that never overflow: Python's, with extents up to 2^63 - 1.

    compare_sizes_exactly.py build/release/convscope [--cases 200] [--seed 1]

Needs nothing but Python. Every number that is printed must be exact; what breaks a rule, or needs a number beyond
int64, must be refused in one line. Only where a sum on the way is beyond int64, though all results would fit, may
ConvScope do either. Exits with 1 if it did not.
"""

import argparse
import json
import random
import subprocess
import sys
from math import prod

MOST = 2**63 - 1
FLOAT32 = 4
OPERATIONS = [f"{family}{dims}d" for family in ("conv", "conv_transpose", "max_pool", "avg_pool") for dims in (1, 2, 3)]
OPERATIONS += ["conv2d_backward", "unfold", "fold"]


def dims_of(operation):
    return int(operation[-2]) if operation[-1] == "d" and operation[-2].isdigit() else 2


class Draw:
    def __init__(self, source):
        self.source = source
        self.hugeness = source.choice([0, 0.03, 0.15])  # of this case

    def number(self, low, high):
        if self.source.random() >= self.hugeness:
            return self.source.randint(low, high)
        power = 2 ** self.source.choice([16, 20, 31, 32, 40, 61, 62, 63])
        return min(MOST, power + self.source.randint(-2, 2))

    def each(self, dims, low, high):
        return [self.number(low, high) for _ in range(dims)]


class Impossible(Exception):
    """A rule is broken."""


def rule(holds):
    if not holds:
        raise Impossible


class Case:
    """One call of `size`, and what it must print."""

    def __init__(self, source):
        draw = Draw(source)
        self.operation = source.choice(OPERATIONS)
        self.dims = dims_of(self.operation)
        self.family = self.operation if self.operation in ("unfold", "fold") else self.operation[:-2]
        if self.operation == "conv2d_backward":
            self.family = "conv"
        self.batch, self.groups = draw.number(0, 3), source.choice([1, 1, 2, 3])
        self.channels = draw.number(1, 4) // self.groups * self.groups or self.groups
        self.out_channels = draw.number(1, 6) // self.groups * self.groups or self.groups
        self.extents = draw.each(self.dims, 1, 40)
        self.kernel, self.stride = draw.each(self.dims, 1, 4), draw.each(self.dims, 1, 3)
        self.dilation = [1] * self.dims if self.family == "avg_pool" else draw.each(self.dims, 1, 3)
        pool = "pool" in self.family
        self.padding = [draw.number(0, k // 2) for k in self.kernel] if pool else draw.each(self.dims, 0, 3)
        self.ceil = pool and source.random() < 0.5
        self.output_size = draw.each(2, 1, 30)
        self.sums = []  # on the way
        if self.family == "fold":
            counts = [max(1, self.windows(n, i)) for i, n in enumerate(self.output_size)]
            self.columns = prod(counts) + source.choice([0, 0, 0, 1])
            self.sums.clear()

    def windows(self, n, axis):
        k, d, s, p = self.kernel[axis], self.dilation[axis], self.stride[axis], self.padding[axis]
        room = n + 2 * p - d * (k - 1) - 1
        self.sums += [n + 2 * p, d * (k - 1) + 1]
        count = room // s + 1
        if self.ceil:
            count = -(-room // s) + 1
            if (count - 1) * s >= n + p:
                count -= 1
        return count

    def shape_of_input(self):
        if self.family == "fold":
            return [self.batch, self.channels * prod(self.kernel), self.columns]
        return [self.batch, self.channels] + self.extents

    def shape_of_weight(self):
        if self.family == "conv_transpose":
            return [self.channels, self.out_channels // self.groups] + self.kernel
        return [self.out_channels, self.channels // self.groups] + self.kernel

    def command(self):
        text = lambda numbers: ",".join(map(str, numbers))
        words = [self.operation, "--input-size", text(self.shape_of_input()), "--stride", text(self.stride)]
        words += ["--padding", text(self.padding)]
        if self.family != "avg_pool":
            words += ["--dilation", text(self.dilation)]
        if self.family in ("conv", "conv_transpose"):
            return words + ["--weight-size", text(self.shape_of_weight()), "--groups", str(self.groups)]
        words += ["--kernel-size", text(self.kernel)]
        if "pool" in self.family:
            words += ["--ceil-mode", str(self.ceil).lower()]
        return words + (["--output-size", text(self.output_size)] if self.family == "fold" else [])

    def expected(self):
        """The numbers of the JSON."""
        over = self.output_size if self.family == "fold" else self.extents
        taps, elements = prod(self.kernel), prod(self.shape_of_input())
        if self.family == "conv_transpose":
            counts, weights = self.extents, prod(self.shape_of_weight())
            sizes = []
            for n, k, d, s, p in zip(over, self.kernel, self.dilation, self.stride, self.padding):
                self.sums += [(n - 1) * s + d * (k - 1), 2 * p]
                sizes.append((n - 1) * s - 2 * p + d * (k - 1) + 1)
            rule(min(sizes) >= 1)
            output = [self.batch, self.out_channels] + sizes
            columns, macs = self.batch * self.out_channels * taps * prod(counts), self.batch * prod(counts) * weights
        else:
            counts = [self.windows(n, i) for i, n in enumerate(over)]
            rule(min(counts) >= 1)
            if "pool" in self.family:
                rule(all(p <= k // 2 for p, k in zip(self.padding, self.kernel)))
                rule(self.operation != "avg_pool3d" or all(n >= k for n, k in zip(over, self.kernel)))
            columns, macs, weights = self.batch * self.channels * taps * prod(counts), 0, 0
            output = [self.batch, self.channels] + counts
            if self.family == "conv":
                weights = prod(self.shape_of_weight())
                output[1] = self.out_channels
                macs = prod(output) * taps * (self.channels // self.groups)
            elif self.family == "unfold":
                output = [self.batch, self.channels * taps, prod(counts)]
            elif self.family == "fold":
                rule(self.columns == prod(counts))
                output = [self.batch, self.channels] + self.output_size
        self.sums += [taps, prod(counts), prod(output[1:]), prod(self.shape_of_input()[1:]), prod(over) * self.channels]
        numbers = dict(output_size=output, parameters=weights, macs=macs, im2col_bytes=columns * FLOAT32,
                       input_bytes=elements * FLOAT32, weight_bytes=weights * FLOAT32,
                       output_bytes=prod(output) * FLOAT32)
        if self.operation == "conv2d_backward":
            numbers["macs"] *= 2
            # Reads the input and the output's gradient; writes the gradients of input, weight and bias.
            numbers["input_bytes"], numbers["output_bytes"] = (
                numbers["input_bytes"] + numbers["output_bytes"],
                numbers["input_bytes"] + numbers["weight_bytes"] + self.out_channels * FLOAT32)
        return numbers


def complaint(program, case):
    done = subprocess.run([program, "size", *case.command(), "--json"], capture_output=True, text=True)
    refused = done.returncode == 1 and done.stderr.startswith("convscope: error: ") and done.stderr.count("\n") == 1
    if done.returncode != 0 and not refused:
        return f"exit status {done.returncode}: {done.stderr}", False
    try:
        wanted = case.expected()
    except Impossible:
        return ("" if refused else f"accepts what breaks a rule: {done.stdout}"), True
    numbers = [n for n in wanted.values() if isinstance(n, int)] + wanted["output_size"] + case.shape_of_input()
    if max(numbers) > MOST:
        return ("" if refused else f"does not refuse a number beyond int64: {done.stdout}"), True
    if refused:
        return ("" if max(case.sums) > MOST else f"refuses though everything fits: {done.stderr}"), True
    printed = json.loads(done.stdout)
    wrong = {name: (printed[name], number) for name, number in wanted.items() if printed[name] != number}
    return (f"prints, instead of: {wrong}" if wrong else ""), False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20240607)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    source, wrong, refusals = random.Random(options.seed), 0, 0
    for _ in range(options.cases):
        case = Case(source)
        text, refused = complaint(options.program, case)
        refusals += refused
        if text:
            wrong += 1
            print(f"size {' '.join(case.command())}\n  {text}", flush=True)
    print(f"{options.cases} cases, {refusals} refused, {wrong} wrong")
    sys.exit(1 if wrong or refusals in (0, options.cases) else 0)


if __name__ == "__main__":
    main()
