"""Random draws of PyTorch's generator: compare_random_with_torch.py asks for them live, make_random_cases.py writes
them down.

A draw is a dictionary: "kind", "dtype", "shape" and, of uniform and randint, "low" and "high". The convolutions' names
are the default weight of their module, of that shape, with the bias after it if "bias".
"""

import torch

LAYERS = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]
KINDS = ["randn", "rand", "uniform", "randint", "randperm", "conv2d"]


def shape_of(source, largest):
    """Around the block of 16, small, empty, and long."""
    if source.randint(1, 4) == 1:
        return [source.randint(1, 4) for _ in range(source.randint(2, 5))]
    return [source.choice([source.randint(0, 40), source.randint(14, 18), source.randint(0, largest)])]


def random_draw(source, largest):
    kind = source.choice(KINDS)
    if kind == "conv2d" and source.randint(0, 1):
        kind = source.choice(LAYERS)
    draw = dict(kind=kind, dtype=source.choice(["float32", "float64"]), shape=shape_of(source, largest))
    if draw["kind"] == "uniform":
        magnitude = 10.0 ** source.randint(-3, 3)
        low, high = sorted(source.uniform(-magnitude, magnitude) for _ in range(2))
        draw["low"], draw["high"] = source.choice([(low, high), (low, high), (low, low), (0.0, 1.0), (-1.0, 1.0)])
    elif draw["kind"] == "randint":
        low = source.choice([0, source.randint(-1000, 1000), -2**40, -2**63])
        span = source.choice([1, 2, 10, 100, 2**24, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**40, 2**62, 2**63 - 1])
        draw["low"], draw["high"] = low, min(2**63 - 1, low + span)
    elif draw["kind"] == "randperm":
        draw["shape"] = [source.choice([source.randint(0, 20), source.randint(370, 380), source.randint(0, largest)])]
    elif draw["kind"] in LAYERS:
        draw["groups"], draw["bias"] = source.randint(1, 4), source.randint(0, 1) == 1
        most = (9, 7, 7) if draw["kind"].endswith("2d") else (9,) + (4,) * int(draw["kind"][-2])
        draw["shape"] = [draw["groups"] * source.randint(1, 9)] + [source.randint(1, n) for n in most]
    return draw


def random_seed(source):
    ranges = [(-2**63, -1), (0, 2**32), (2**32, 2**63 - 1)]
    return source.choice([0, 1, 10010] + [source.randint(low, high) for low, high in ranges])


def tensors_of(draw):
    """What PyTorch draws: a tensor, or weight and bias. Raises RuntimeError where it refuses."""
    kind, shape, dtype = draw["kind"], draw["shape"], getattr(torch, draw["dtype"])
    if kind in ("randn", "rand"):
        return [getattr(torch, kind)(shape, dtype=dtype)]
    if kind == "uniform":
        return [torch.empty(shape, dtype=dtype).uniform_(draw["low"], draw["high"])]
    if kind == "randint":
        return [torch.randint(draw["low"], draw["high"], shape).to(dtype)]
    if kind == "randperm":
        return [torch.randperm(shape[0]).to(dtype)]
    groups, kernel = draw["groups"], tuple(shape[2:])
    first, second = shape[0], groups * shape[1]
    name, dims = ("ConvTranspose" if "transpose" in kind else "Conv"), kind[-2:]
    channels = (first, second) if "transpose" in kind else (second, first)
    layer = getattr(torch.nn, name + dims)(*channels, kernel, groups=groups, bias=draw["bias"], dtype=dtype)
    return [layer.weight.detach()] + ([layer.bias.detach()] if draw["bias"] else [])


def words_of(draw):
    """The draw as `convscope random --draw` takes it."""
    ending = f":{draw['dtype']}"
    words = f"{draw['kind']}:{','.join(map(str, draw['shape']))}"
    if "low" in draw:
        words += f":{draw['low']!r}:{draw['high']!r}"
    if draw.get("bias"):
        words += ":bias"
        if "transpose" in draw["kind"] and draw["groups"] > 1:
            words += f":groups={draw['groups']}"
    return words + ending


def files_of(draw, number):
    """The endings of the files that hold it, behind the prefix."""
    return [f".{number}.weight.npy", f".{number}.bias.npy"] if draw.get("bias") else [f".{number}.npy"]
