#!/usr/bin/python3
"""Writes shown_cases.json: what PyTorch computes for the presets of conv1d, conv3d, transposed convolution and
pooling.

    /usr/bin/python3 tests/reference/make_shown_cases.py > tests/reference/shown_cases.json

Each case is the name of a preset, its output, and of max pooling the indices of the maxima.
"""
import json
import pathlib

import torch

PRESETS = pathlib.Path(__file__).resolve().parents[2] / "assets" / "presets"


def flat(values):
    return [x for row in values for x in (flat(row) if isinstance(row, list) else [row])]


def tensor(source, shape):
    kind = source["source"]
    if kind == "ones" or (kind == "named" and source["name"] == "ones"):
        return torch.ones(shape)
    if kind == "arange":
        return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)
    if kind == "zeros":
        return torch.zeros(shape)
    assert kind == "values", kind
    return torch.tensor(flat(source["values"]), dtype=torch.float32).reshape(shape)


def output_of(session):
    params = session["params"]
    x = tensor(session["input"], session["input"]["shape"])
    operation = session["operation"]
    if operation == "conv_transpose2d":
        layer = torch.nn.ConvTranspose2d(
            params["in_channels"], params["out_channels"], params["kernel_size"], params["stride"], params["padding"],
            params["output_padding"], params["groups"], params["bias"], params["dilation"])
        layer.weight.data = tensor(session["weight"], layer.weight.shape)
        if params["bias"]:
            layer.bias.data = tensor(session["bias"], layer.bias.shape)
        return layer(x).detach(), None
    if operation == "conv1d":
        pads = params.get("pads") or params["padding"] * 2
        layer = torch.nn.Conv1d(params["in_channels"], params["out_channels"], params["kernel_size"], params["stride"],
                                0, params["dilation"], params["groups"], params["bias"])
        layer.weight.data = tensor(session["weight"], layer.weight.shape)
        if params["bias"]:
            layer.bias.data = tensor(session["bias"], layer.bias.shape)
        return layer(torch.nn.functional.pad(x, pads)).detach(), None
    if operation == "conv3d":
        layer = torch.nn.Conv3d(params["in_channels"], params["out_channels"], params["kernel_size"], params["stride"],
                                params["padding"], params["dilation"], params["groups"], params["bias"],
                                params["padding_mode"])
        layer.weight.data = tensor(session["weight"], layer.weight.shape)
        if params["bias"]:
            layer.bias.data = tensor(session["bias"], layer.bias.shape)
        return layer(x).detach(), None
    if operation == "max_pool2d":
        layer = torch.nn.MaxPool2d(params["kernel_size"], params["stride"], params["padding"], params["dilation"],
                                   return_indices=True, ceil_mode=params["ceil_mode"])
        return layer(x)
    layer = torch.nn.AvgPool2d(params["kernel_size"], params["stride"], params["padding"], params["ceil_mode"],
                               params["count_include_pad"], params.get("divisor_override"))
    return layer(x), None


def main():
    cases = []
    for path in sorted(PRESETS.glob("*.json")):
        session = json.loads(path.read_text())
        if session["operation"] == "conv2d":
            continue
        y, indices = output_of(session)
        case = {"preset": path.stem, "shape": list(y.shape), "output": y.flatten().tolist()}
        if indices is not None:
            case["indices"] = indices.flatten().tolist()
        cases.append(case)
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    print('{"torch": "%s", "cases": [\n%s\n]}' % (torch.__version__, lines))


main()
