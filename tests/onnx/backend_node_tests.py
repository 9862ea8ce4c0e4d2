#!/usr/bin/env python3
"""Runs ONNX's own backend node tests of Conv, ConvTranspose, MaxPool and AveragePool through `convscope compute`.

    /usr/bin/python3 backend_node_tests.py build/release/convscope      (needs Debian's python3-onnx and python3-numpy)

The cases come out of onnx.backend.test.case.node; nothing of ONNX is kept here. A node's attributes become options, its
inputs .npy files. Whole numbers and indices must be equal, real numbers as close as two orders of summation allow.
Prints a line for each case; exits with 1 if one fails, or if ONNX has fewer cases than were counted in version 1.12.

What ConvScope has no option for is done here, outside the program, and nothing else is:
- auto_pad and output_shape become --pads or --output-size, by the formulas of ONNX's pages on these operators;
- storage_order 1 numbers cells column by column: the indices are renumbered;
- whole numbers (uint8) go in and come back as float32, which holds them exactly.
Outside, and named so: AveragePool with dilations (newer versions of ONNX), which PyTorch has not.
"""

import importlib
import os
import subprocess
import sys
import tempfile
import warnings

import numpy
import onnx
import onnx.backend.test.case.node as node_tests

MODULES = ["conv", "convtranspose", "maxpool", "averagepool"]
LEAST_CASES = {"Conv": 6, "ConvTranspose": 9, "MaxPool": 15, "AveragePool": 13}
DEFAULTS = dict(auto_pad="NOTSET", group=1, ceil_mode=0, count_include_pad=0, storage_order=0)


def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Not collect_testcases(): it imports every operator's module, some of which fail with a newer numpy.
        for module in MODULES:
            importlib.import_module("onnx.backend.test.case.node." + module)
    return [c for c in node_tests._NodeTestCases if c.model.graph.node[0].op_type in LEAST_CASES]


def attributes_of(node):
    found = dict(DEFAULTS)
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        found[attribute.name] = value.decode() if isinstance(value, bytes) else value
    return found


def halves(total, extra_at_the_end):
    return (total // 2, total - total // 2) if extra_at_the_end else (total - total // 2, total // 2)


def flat_pads(pairs):
    """All begins, then all ends."""
    return [begin for begin, _ in pairs] + [end for _, end in pairs]


class Node:
    """One node with its attributes filled in for an input and, of convolutions, a weight."""

    def __init__(self, node, tensors):
        self.kind, self.a = node.op_type, attributes_of(node)
        self.extents = list(tensors[0].shape[2:])
        self.dims = len(self.extents)
        weights = list(tensors[1].shape[2:]) if self.kind in ("Conv", "ConvTranspose") else None
        self.kernel = list(self.a.get("kernel_shape", weights))
        self.strides = list(self.a.get("strides", [1] * self.dims))
        self.dilations = list(self.a.get("dilations", [1] * self.dims))
        self.output_padding = list(self.a.get("output_padding", [0] * self.dims))
        self.effective = [d * (k - 1) + 1 for d, k in zip(self.dilations, self.kernel)]

    def pads(self):
        if self.a["auto_pad"] in ("NOTSET", "VALID"):
            return list(self.a.get("pads", [0] * 2 * self.dims))
        pairs = []
        for n, k, s in zip(self.extents, self.effective, self.strides):
            wanted = -(-n // s)
            pairs.append(halves(max(0, (wanted - 1) * s + k - n), self.a["auto_pad"] == "SAME_UPPER"))
        return flat_pads(pairs)

    def transposed_options(self):
        """The padding that makes the output as large as output_shape or auto_pad want it."""
        wanted = self.a.get("output_shape")
        if wanted is None and self.a["auto_pad"].startswith("SAME"):
            wanted = [n * s for n, s in zip(self.extents, self.strides)]
        if wanted is None:
            return ["--pads", join(self.a.get("pads", [0] * 2 * self.dims)), "--output-padding", join(self.output_padding)]
        pairs = []
        for n, k, s, op, size in zip(self.extents, self.effective, self.strides, self.output_padding, wanted):
            total = s * (n - 1) + op + k - size
            # A size beyond the windows' reach is no negative padding but cells at the end.
            pairs.append(halves(max(0, total), self.a["auto_pad"] == "SAME_UPPER"))
        return ["--pads", join(flat_pads(pairs)), "--output-size", join(wanted)]

    def command(self):
        operation = dict(Conv="conv", ConvTranspose="conv_transpose", MaxPool="max_pool", AveragePool="avg_pool")[self.kind]
        words = [operation + f"{self.dims}d", "--stride", join(self.strides)]
        if self.kind != "AveragePool":
            words += ["--dilation", join(self.dilations)]
        words += self.transposed_options() if self.kind == "ConvTranspose" else ["--pads", join(self.pads())]
        if self.kind in ("Conv", "ConvTranspose"):
            return words + ["--groups", str(self.a["group"])]
        words += ["--kernel-size", join(self.kernel), "--ceil-mode", str(bool(self.a["ceil_mode"])).lower()]
        if self.kind == "AveragePool":
            words += ["--count-include-pad", str(bool(self.a["count_include_pad"])).lower()]
        return words

    def row_major(self, indices, shape):
        """ONNX's indices as ConvScope counts them: row by row, within a channel."""
        cells = numpy.prod(shape[2:])
        channels = numpy.arange(shape[0] * shape[1]).reshape(shape[0], shape[1], *[1] * self.dims)
        within = indices - channels * cells
        if self.a["storage_order"] == 0:
            return within
        return numpy.ravel_multi_index(numpy.unravel_index(within, shape[2:], order="F"), shape[2:])


def join(numbers):
    return ",".join(str(n) for n in numbers)


def run(program, folder, node, tensors, wants_indices):
    """The output, and the indices or None."""
    path = lambda name: os.path.join(folder, name + ".npy")
    command = [program, "compute"] + node.command()
    for name, tensor in zip(("input", "weight", "bias"), tensors):
        numpy.save(path(name), tensor if tensor.dtype.kind == "f" else tensor.astype(numpy.float32))
        command += ["--" + name, path(name)]
    command += ["-o", path("output")] + (["--output-indices", path("indices")] if wants_indices else [])
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr.strip()}")
    return numpy.load(path("output")), numpy.load(path("indices")) if wants_indices else None


def tolerance(program, folder, node, tensors):
    """Two orders of summation: epsilon * max(4, 2.5 sqrt(K)) * the largest sum of |products|, K products in a sum."""
    if node.kind == "MaxPool":
        return 0.0
    products = int(numpy.prod(node.kernel))
    if node.kind == "Conv":
        products *= tensors[1].shape[1]
    elif node.kind == "ConvTranspose":
        products *= tensors[1].shape[0] // node.a["group"]
    sums, _ = run(program, folder, node, [numpy.abs(tensor) for tensor in tensors], False)
    return numpy.finfo(sums.dtype).eps * max(4.0, 2.5 * products**0.5) * float(sums.max())


def check(program, folder, case):
    """Raises AssertionError where ConvScope's answer is not ONNX's."""
    assert len(case.model.graph.node) == 1, "more than one node"
    for inputs, outputs in case.data_sets:
        node = Node(case.model.graph.node[0], inputs)
        output, indices = run(program, folder, node, inputs, len(outputs) > 1)
        wanted = outputs[0]
        assert output.shape == wanted.shape, f"shape {output.shape} instead of {wanted.shape}"
        apart = numpy.abs(output.astype(numpy.float64) - wanted).max()
        allowed = tolerance(program, folder, node, inputs)
        assert apart <= allowed, f"{apart} apart, allowed {allowed}"
        if indices is not None:
            wanted_indices = node.row_major(outputs[1], inputs[0].shape)
            assert indices.dtype == numpy.int64 and (indices == wanted_indices).all(), f"{indices} instead of {wanted_indices}"


def outside(case):
    """Why a case is none of ConvScope's, or an empty text."""
    attributes = attributes_of(case.model.graph.node[0])
    if case.model.graph.node[0].op_type == "AveragePool" and max(attributes.get("dilations", [1])) > 1:
        return "PyTorch's average pooling has no dilation"
    return ""


def main():
    program = sys.argv[1]
    counts, failed = dict.fromkeys(LEAST_CASES, 0), 0
    with tempfile.TemporaryDirectory() as folder:
        for case in cases():
            if outside(case):
                print(f"outside {case.name}: {outside(case)}")
                continue
            counts[case.model.graph.node[0].op_type] += 1
            try:
                check(program, folder, case)
                print(f"passed  {case.name}")
            except AssertionError as complaint:
                failed += 1
                print(f"FAILED  {case.name}: {complaint}")
    print(f"onnx {onnx.__version__}: {sum(counts.values())} cases {counts}, {failed} failed")
    too_few = [kind for kind, least in LEAST_CASES.items() if counts[kind] < least]
    if too_few:
        print(f"fewer cases than expected of {', '.join(too_few)}")
    sys.exit(1 if failed or too_few else 0)


if __name__ == "__main__":
    main()
