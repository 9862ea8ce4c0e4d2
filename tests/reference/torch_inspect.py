"""Random index expressions and random tensors, and what PyTorch says of them."""

import math
import random

import torch


def random_shape(source, most_rank=4, most_extent=5):
    rank = source.choice([0, 1, 1, 2, 2, 2, 3, 3, 4, 4][: 2 * most_rank + 2])
    return [source.choice([0, 1, 2, 3, most_extent]) if source.random() < 0.2 else source.randint(1, most_extent)
            for _ in range(rank)]


def random_number(source):
    chance = source.random()
    if chance < 0.02:
        return source.choice(["1.5", "2.", "1e3", "i", "rows", "0x2", "1_0", "--1", "+1", "- 2", "000"])
    if chance < 0.04:
        return source.choice(["9223372036854775807", "-9223372036854775808", "99999999999999999999", "100", "-100"])
    return str(source.randint(-6, 6) if chance < 0.3 else source.randint(-2, 2))


def random_slice(source):
    bound = lambda: random_number(source) if source.random() < 0.5 else ("None" if source.random() < 0.05 else "")
    text = bound() + ":" + bound()
    if source.random() < 0.4:
        step = source.choice(["", "1", "2", "2", "3", "5", "None", "1.5"]) if source.random() < 0.9 else \
            source.choice(["0", "-1", "-2"])
        text += ":" + step
    return text


def random_item(source):
    chance = source.random()
    if chance < 0.4:
        return random_number(source)
    if chance < 0.8:
        return random_slice(source)
    return "..." if chance < 0.91 else "None"


def random_expression(source):
    text = "x"
    for _ in range(source.choice([0, 1, 1, 1, 1, 1, 1, 2, 3])):
        items = [random_item(source) for _ in range(source.choice([1, 1, 2, 2, 3, 4, 5]))]
        # Behind a second `...` PyTorch reads sizes beyond its list of them, whatever lies there.
        items = [":" if item == "..." and "..." in items[:i] else item for i, item in enumerate(items)]
        comma = source.choice([",", ", ", " , "])
        text += "[" + comma.join(items) + (source.choice([",", ""]) if source.random() < 0.1 else "") + "]"
    return text


def random_attribute(source):
    """Behind the brackets; a method that is not called would be printed with its address."""
    size = source.choice([".shape", ".size()"]) + source.choice(["", "", "[0]", "[-1]", "[1:]", "[::-1]", "[::2]", "[5]",
                                                                 "[0, 1]", "[None]", "[-9:1]", "[3:0:-2]"])
    return source.choice([size, size, ".ndim", ".dim()", ".numel()", ".dtype", ".device",
                          f".size({source.randint(-5, 5)})", ".shape()", ".ndim()", ".dim(1)", ".dim()[0]"])


def is_overflow_of_torch(error):
    """Bounds that do not fit 64 bits end in an internal failure of PyTorch, not in a rule worth following."""
    return "is_symbolic" in error or "Storage size calculation overflowed" in error


def index(tensor, expression):
    """The indexed tensor, or the error as Python prints its last line."""
    try:
        return eval(expression, {}, {"x": tensor})
    except Exception as error:  # whatever it is, it is the answer
        return f"{type(error).__name__}: {error}"


def random_values(source, dtype):
    """A tensor of one of the characters that decide how it is printed."""
    shape = random_shape(source, 4, source.choice([2, 3, 7, 9]))
    if source.random() < 0.3:
        shape = [source.randint(1, source.choice([10, 40, 1500]))]
    generator = torch.Generator().manual_seed(source.randint(0, 2**31))
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    kind = source.randint(0, 7)
    if kind == 0:
        x = (x * 10 ** source.randint(0, 9)).round()
    elif kind == 1:
        x = x * 10.0 ** source.randint(-8, 12)
    elif kind == 2:
        x = x * 10 ** (x * source.choice([1, 3, 20]))
    elif kind == 3:
        x = x.round() * 0
    elif kind == 4:
        x = torch.rand(shape, generator=generator, dtype=torch.float64) * source.choice([1e-4, 1, 1e4])
    elif kind == 5:
        x = (x * 4).round() / 4
    x = x.to(dtype)
    if source.random() < 0.25 and x.numel() > 0:
        flat = x.flatten()
        for _ in range(source.randint(1, 4)):
            odd = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-4, 1e8, 1e-5, -1e30, 1000.0, 0.00005]
            flat[source.randrange(flat.numel())] = source.choice(odd)
        x = flat.reshape(shape)
    return x
