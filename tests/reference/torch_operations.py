"""Random cases of every operation beside conv2d, and PyTorch's answers: what make_operation_cases.py writes down and
compare_with_torch.py asks live.

A case is a dictionary: "operation", "dtype", "input_shape", "weight_shape" (of the convolutions), "bias" (whether), and
"arguments" under PyTorch's names, each axis by itself. Now and then a rule is broken on purpose.

Not asked, because the versions of PyTorch disagree with each other or because 1.13 does not check:
- max_pool1d whose window does not fit: 1.13 gives an empty tensor, later versions refuse;
- circular padding without a batch axis: refused by 1.13, accepted since;
- an empty batch with a padding_mode other than zeros, kernels without cells, and dilations that overflow.
"""

import warnings

import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings("ignore")
MODES = ["zeros", "reflect", "replicate", "circular"]
CONVOLUTIONS = ["conv1d", "conv2d", "conv3d"]
TRANSPOSED = ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]
MAX_POOLS = ["max_pool1d", "max_pool2d", "max_pool3d"]
AVERAGE_POOLS = ["avg_pool1d", "avg_pool2d", "avg_pool3d"]
OPERATIONS = CONVOLUTIONS + TRANSPOSED + MAX_POOLS + AVERAGE_POOLS + ["unfold", "fold", "conv2d_backward"]
REFUSALS = (RuntimeError, ValueError, ZeroDivisionError, TypeError, IndexError)


def dims_of(operation):
    return int(operation[-2]) if operation[-2:] in ("1d", "2d", "3d") else 2


class Draw:
    def __init__(self, source, largest):
        self.source, self.largest = source, largest

    def pick(self, low, high):
        return self.source.randint(low, high)

    def chance(self, one_in):
        return self.source.randint(1, one_in) == 1

    def each(self, dims, low, high):
        return [self.pick(low, high) for _ in range(dims)]

    def extents(self, dims):
        return self.each(dims, 1 if self.chance(4) else 3, max(3, int(self.largest ** (2 / (dims + 1)))))

    def lead(self, shape, batched=False):
        """A batch before it, or none."""
        return shape if not batched and self.chance(5) else [self.pick(1, 3) if not self.chance(15) else 0] + shape


def slip(draw, case):
    """Breaks one rule."""
    arguments = case["arguments"]
    axis = draw.pick(0, 2)
    kind = draw.pick(0, 6)
    for name, value in (("stride", 0), ("stride", -1), ("dilation", 0), ("padding", -1), ("output_padding", -1)):
        if kind == 0 and name in arguments and isinstance(arguments[name], list) and draw.chance(2):
            arguments[name][axis % len(arguments[name])] = value
            return
    if kind == 1 and "weight_shape" in case:
        case["weight_shape"][draw.pick(0, 1)] += 1
    elif kind == 2:
        case["input_shape"] = case["input_shape"][1:]
    elif kind == 3:
        case["input_shape"] = [1] + case["input_shape"]
    elif kind == 4:
        case["input_shape"][-1] = 0
    elif kind == 5:
        case["input_shape"][-1 - dims_of(case["operation"]) % len(case["input_shape"])] += 1
    elif kind == 6 and isinstance(arguments.get("padding"), list):
        arguments["padding"][0] += 5


def convolution(draw, operation):
    dims = dims_of(operation)
    groups = draw.source.choice([1, 1, 2, 3])
    channels = groups * draw.pick(1, 3)
    padding = draw.source.choice(["same", "valid", draw.each(dims, 0, 3), draw.each(dims, 0, 1)])
    stride = [1] * dims if padding == "same" and not draw.chance(5) else draw.each(dims, 1, 3)
    mode = draw.source.choice(MODES)
    shape = draw.lead([channels] + draw.extents(dims), batched=mode == "circular")
    if mode != "zeros" and shape[0] == 0:
        shape[0] = 1
    return dict(input_shape=shape, bias=draw.chance(2),
                weight_shape=[groups * draw.pick(1, 3), channels // groups] + draw.each(dims, 1, 3),
                arguments=dict(stride=stride, padding=padding, dilation=draw.each(dims, 1, 2), groups=groups,
                               padding_mode=mode))


def transposed(draw, operation):
    dims = dims_of(operation)
    groups = draw.source.choice([1, 1, 2, 3])
    channels = groups * draw.pick(1, 3)
    stride, dilation = draw.each(dims, 1, 3), draw.each(dims, 1, 2)
    arguments = dict(stride=stride, padding=draw.each(dims, 0, 2), dilation=dilation, groups=groups)
    shape = draw.lead([channels] + draw.extents(dims))
    kernel = draw.each(dims, 1, 3)
    if draw.chance(3):
        size = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in
                zip(shape[-dims:], stride, arguments["padding"], dilation, kernel)]
        arguments["output_size"] = [n + draw.pick(0, s - 1) + (1 if draw.chance(12) else 0) for n, s in zip(size, stride)]
    elif draw.chance(2):
        arguments["output_padding"] = [draw.pick(0, max(s, d) - 1 + draw.chance(12)) for s, d in zip(stride, dilation)]
    return dict(input_shape=shape, bias=draw.chance(2), arguments=arguments,
                weight_shape=[channels, draw.pick(1, 3)] + kernel)


def pooling(draw, operation):
    dims = dims_of(operation)
    kernel = draw.each(dims, 1, 4)
    arguments = dict(kernel_size=kernel, padding=[draw.pick(0, k // 2 + draw.chance(15)) for k in kernel],
                     ceil_mode=draw.chance(2))
    if draw.chance(2):
        arguments["stride"] = draw.each(dims, 1, 4)
    if operation in MAX_POOLS:
        arguments["dilation"] = draw.each(dims, 1, 3) if draw.chance(3) else [1] * dims
    else:
        arguments["count_include_pad"] = draw.chance(2)
        if dims > 1 and draw.chance(3):
            arguments["divisor_override"] = draw.source.choice([3, 7, 1, -2, 0])
    return dict(input_shape=draw.lead([draw.pick(1, 3)] + draw.extents(dims)), arguments=arguments)


def windows(draw, operation):
    kernel, dilation, padding, stride = (draw.each(2, 1, 3), draw.each(2, 1, 2), draw.each(2, 0, 2), draw.each(2, 1, 3))
    arguments = dict(kernel_size=kernel, dilation=dilation, padding=padding, stride=stride)
    size = draw.extents(2)
    if operation == "unfold":
        return dict(input_shape=draw.lead([draw.pick(1, 3)] + size), arguments=arguments)
    arguments["output_size"] = size
    count = 1
    for n, k, d, p, s in zip(size, kernel, dilation, padding, stride):
        count *= max(0, (n + 2 * p - d * (k - 1) - 1) // s + 1)
    count += draw.chance(12)
    return dict(input_shape=draw.lead([draw.pick(1, 3) * kernel[0] * kernel[1] + draw.chance(12), count]),
                arguments=arguments)


def random_case(source, operation, largest=20):
    """`largest` bounds an axis of a one-dimensional input; more axes are shorter."""
    draw = Draw(source, largest)
    if operation in CONVOLUTIONS:
        case = convolution(draw, operation)
    elif operation == "conv2d_backward":
        case = convolution(draw, "conv2d")
        case["bias"] = True
        if case["input_shape"][0] == 0:
            case["input_shape"][0] = 1
    elif operation in TRANSPOSED:
        case = transposed(draw, operation)
    elif operation in MAX_POOLS + AVERAGE_POOLS:
        case = pooling(draw, operation)
    else:
        case = windows(draw, operation)
    case = dict(operation=operation, dtype=source.choice(["float32", "float64"]), **case)
    if draw.chance(6):
        slip(draw, case)
    return case if may_be_asked(case) else random_case(source, operation, largest)


def may_be_asked(case):
    arguments, shape, dims = case["arguments"], case["input_shape"], dims_of(case["operation"])
    if len(shape) > 6 or arguments.get("padding_mode", "zeros") != "zeros" and (
            (len(shape) != dims + 2 and arguments["padding_mode"] == "circular") or 0 in shape
            or not isinstance(arguments["padding"], str) and min(arguments["padding"]) < 0):
        return False
    if case["operation"] == "max_pool1d" and len(shape) in (2, 3):
        k, d, p = (arguments[name][0] for name in ("kernel_size", "dilation", "padding"))
        s = arguments.get("stride", [k])[0]
        room = shape[-1] + 2 * p - d * (k - 1) - 1
        return s < 1 or d < 1 or room >= 0 or arguments["ceil_mode"] and room > -s
    return True


class Answer:
    """Tensors by name ("output", "indices", "input", "weight", "bias"), or none where PyTorch refuses; the tolerance of
    two orders of summation for each."""

    def __init__(self):
        self.tensors, self.tolerances, self.message = None, {}, ""


def call(case, x, weight, bias):
    """The operation as PyTorch names it."""
    operation, a = case["operation"], dict(case["arguments"])
    dims = dims_of(operation)
    if operation in CONVOLUTIONS + TRANSPOSED:
        is_transposed = operation in TRANSPOSED
        groups = a["groups"]
        channels = [weight.shape[1] * groups, weight.shape[0]]
        kind = getattr(nn, ("ConvTranspose" if is_transposed else "Conv") + f"{dims}d")
        output_size = a.pop("output_size", None)
        if is_transposed:
            channels.reverse()
        layer = kind(*channels, kernel_size=tuple(weight.shape[2:]), bias=bias is not None, dtype=x.dtype,
                     **{k: tuple(v) if isinstance(v, list) else v for k, v in a.items()})
        with torch.no_grad():
            layer.weight.copy_(weight)
            if bias is not None:
                layer.bias.copy_(bias)
            return layer(x, output_size=output_size) if output_size else layer(x)
    if operation in MAX_POOLS:
        return getattr(F, operation)(x, **{k: tuple(v) if isinstance(v, list) else v for k, v in a.items()},
                                     return_indices=True)
    return getattr(F, operation)(x, **{k: tuple(v) if isinstance(v, list) else v for k, v in a.items()})


def bound(dtype, products, largest):
    return torch.finfo(dtype).eps * max(4.0, 2.5 * max(1, products) ** 0.5) * largest


def ask_torch(case, x, weight=None, bias=None, grad_output=None):
    answer = Answer()
    try:
        if case["operation"] == "conv2d_backward":
            backward(case, answer, x, weight, bias, grad_output)
        else:
            result = call(case, x, weight, bias)
            if isinstance(result, tuple):
                answer.tensors = dict(output=result[0], indices=result[1])
            else:
                answer.tensors = dict(output=result)
            products = weight[0].numel() if weight is not None else 1
            if case["operation"] in AVERAGE_POOLS + ["fold"]:
                products = 1
                for k in case["arguments"]["kernel_size"]:
                    products *= k
            if case["operation"] in TRANSPOSED:
                products = weight.shape[0] * weight[0, 0].numel()
            largest = 0.0
            if answer.tensors["output"].numel() > 0 and case["operation"] not in MAX_POOLS + ["unfold"]:
                sums = call(case, x.abs(), None if weight is None else weight.abs(), None if bias is None else bias.abs())
                largest = sums.abs().max().item() if sums.numel() else 0.0
            answer.tolerances["output"] = bound(x.dtype, products, largest)
    except REFUSALS as refusal:
        answer.tensors, answer.message = None, str(refusal).split("\n")[0]
    return answer


def backward(case, answer, x, weight, bias, grad_output):
    def gradients(x, weight, bias, grad_output):
        a = case["arguments"]
        layer = nn.Conv2d(weight.shape[1] * a["groups"], weight.shape[0], tuple(weight.shape[2:]),
                          **{k: tuple(v) if isinstance(v, list) else v for k, v in a.items()}, dtype=x.dtype)
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        x = x.clone().requires_grad_()
        y = layer(x)
        y.backward(grad_output)
        return dict(input=x.grad, weight=layer.weight.grad, bias=layer.bias.grad)

    answer.tensors = gradients(x, weight, bias, grad_output)
    sums = gradients(x.abs(), weight.abs(), bias, grad_output.abs())
    positions = grad_output.numel() // max(1, weight.shape[0])
    products = dict(input=weight.shape[0] * weight[0, 0].numel(), weight=positions, bias=positions)
    for name, sum_of in sums.items():
        answer.tolerances[name] = bound(x.dtype, products[name], sum_of.max().item() if sum_of.numel() else 0.0)


def grad_shape(case):
    """The shape of conv2d_backward's grad_output, or any where there is none."""
    try:
        with torch.no_grad():
            weight = torch.zeros(case["weight_shape"])
            return list(call(dict(case, operation="conv2d"), torch.zeros(case["input_shape"]), weight, None).shape)
    except REFUSALS:
        return [1, case["weight_shape"][0], 1, 1]
