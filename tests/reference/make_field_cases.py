#!/usr/bin/env python3
"""Writes field_cases.json: which input cells PyTorch's layers let through to which output cells, for random chains.

Run with a Python that has torch (Debian's python3-torch, 1.13.1):  /usr/bin/python3 make_field_cases.py

Every input cell in turn is 1 among zeros and goes through the chain, whose weights are all 1: an output cell that
becomes positive sees that cell. This also works for max pooling, whose gradient would show one cell of a window only.
What a cell sees must be the product of what its row and its column see; that is asserted, and the axes are written.
"""

import json
import os
import random

import torch

torch.set_num_threads(1)
CHAINS = {1: 60, 2: 20}
MOST_CELLS = {1: 40, 2: 14}


def random_layer(source, dims):
    number = lambda low, high: [source.randint(low, high) for _ in range(dims)]
    kind = source.choice(["Conv", "Conv", "MaxPool", "AvgPool", "ConvTranspose"])
    layer = {"layer": f"{kind}{dims}d", "kernel_size": number(1, 4), "stride": number(1, 3)}
    if kind in ("MaxPool", "AvgPool"):
        layer["padding"] = [source.randint(0, k // 2) for k in layer["kernel_size"]]
        layer["ceil_mode"] = source.random() < 0.5
    else:
        layer["padding"] = number(0, 3)
    if kind != "AvgPool":
        layer["dilation"] = number(1, 3)
    if kind == "ConvTranspose":
        layer["output_padding"] = [source.randint(0, max(s, d) - 1)
                                   for s, d in zip(layer["stride"], layer["dilation"])]
    return layer


def module_of(layer):
    arguments = {name: tuple(value) if isinstance(value, list) else value
                 for name, value in layer.items() if name != "layer"}
    if "Conv" in layer["layer"]:
        module = getattr(torch.nn, layer["layer"])(1, 1, bias=False, **arguments)
        torch.nn.init.ones_(module.weight)
        return module
    return getattr(torch.nn, layer["layer"])(**arguments)


def seen_along(axis, mask, dims):
    """For every output cell along an axis, the input cells along it that any cell of that row or column sees."""
    out_axes, in_axes = range(dims), range(dims, 2 * dims)
    others = [a for a in out_axes if a != axis] + [a for a in in_axes if a != axis + dims]
    flat = mask
    for other in sorted(others, reverse=True):
        flat = flat.any(dim=other)
    return flat


def ask_torch(case, dims):
    size = case["input_size"]
    count = int(torch.tensor(size).prod())
    x = torch.eye(count).reshape([count, 1] + size)
    sizes = []
    with torch.no_grad():
        for layer in case["layers"]:
            x = module_of(layer)(x)
            # Only whether something came through matters; sums must not grow without end.
            x = (x > 0).float()
            sizes.append(list(x.shape[2:]))
    mask = (x[:, 0] > 0).reshape(size + sizes[-1]).permute(*range(dims, 2 * dims), *range(dims))
    along = [seen_along(axis, mask, dims) for axis in range(dims)]
    if dims == 2:
        product = along[0][:, None, :, None] & along[1][None, :, None, :]
        # Rows count as seen only where some column is: with an axis that sees nothing the product is empty as well.
        assert bool((product == mask).all()), case
    return dict(case, sizes=sizes, seen=[[[i for i, on in enumerate(row) if on] for row in a.tolist()] for a in along])


def main():
    source = random.Random(10010)
    cases = []
    for dims, wanted in CHAINS.items():
        good = 0
        while good < wanted:
            case = {"input_size": [source.randint(4, MOST_CELLS[dims]) for _ in range(dims)],
                    "layers": [random_layer(source, dims) for _ in range(source.randint(1, 5))]}
            try:
                case = ask_torch(case, dims)
            except (RuntimeError, ValueError):
                continue  # a chain that PyTorch refuses
            if max(case["sizes"][-1]) > 60 or not any(any(row) for row in case["seen"][0]):
                continue
            cases.append(case)
            good += 1
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "field_cases.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"made_by": "make_field_cases.py", "torch": "%s", "cases": [\n' % torch.__version__)
        file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
        file.write("\n]}\n")
    print(f"{path}: {len(cases)} cases, {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
