"""Random cases of every operation beside conv2d, and PyTorch's answers: what make_operation_cases.py writes down and
compare_with_torch.py asks live.

A case is a dictionary: "operation", "dtype", "input_shape", "weight_shape" (of the convolutions), "bias" (whether), and
"arguments" under PyTorch's names, each axis by itself. "pads" among them are ONNX's separate begins and ends, for which
PyTorch's answer is put together from F.pad or a cut. Now and then a rule is broken on purpose.

Where the versions of PyTorch disagree, or 1.13 has a gap in its checks, call() answers as ConvScope should:
- max_pool1d whose window does not fit is refused, as later versions do (1.13 gives an empty tensor);
- circular padding without a batch axis is accepted, as later versions do;
- as many numbers as there are axes, or one, are accepted and no others;
- negative padding is refused whatever the padding_mode (1.13 crops where it is not zeros);
- kernels without cells and layers or tensors without channels are refused (1.13 does so in some operations);
- an output without cells is refused, an empty batch is not.
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
    kind = draw.pick(0, 11)
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
    elif kind == 7 and "pads" in arguments:
        arguments["pads"][draw.pick(0, len(arguments["pads"]) - 1)] = draw.source.choice([-1, 6])
    elif kind == 8 and "weight_shape" in case:
        case["weight_shape"][draw.pick(0, len(case["weight_shape"]) - 1)] = 0
    elif kind == 9:
        case["input_shape"][-1 - dims_of(case["operation"]) % len(case["input_shape"])] = 0
    elif kind == 10 and "weight_shape" in case:
        case["weight_shape"] = draw.source.choice([case["weight_shape"][1:], case["weight_shape"] + [1]])
    elif kind == 11 and "groups" in arguments:
        arguments["groups"] = draw.source.choice([0, -1, 4, 5])


def pads_instead(draw, case, most):
    """Now and then separate begins and ends take the place of `padding`; those of an axis are at most most[axis]."""
    if draw.chance(4):
        del case["arguments"]["padding"]
        case["arguments"]["pads"] = [draw.pick(0, m) for m in most * 2]


def convolution(draw, operation):
    dims = dims_of(operation)
    groups = draw.source.choice([1, 1, 2, 3])
    channels = groups * draw.pick(1, 3)
    padding = draw.source.choice(["same", "valid", draw.each(dims, 0, 3), draw.each(dims, 0, 1)])
    stride = [1] * dims if padding == "same" and not draw.chance(5) else draw.each(dims, 1, 3)
    mode = draw.source.choice(MODES)
    case = dict(input_shape=draw.lead([channels] + draw.extents(dims)), bias=draw.chance(2),
                weight_shape=[groups * draw.pick(1, 3), channels // groups] + draw.each(dims, 1, 3 + draw.chance(3)),
                arguments=dict(stride=stride, padding=padding, dilation=draw.each(dims, 1, 2), groups=groups,
                               padding_mode=mode))
    pads_instead(draw, case, [3] * dims)
    return case


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
        arguments["output_size"] = [n + draw.pick(0, s - 1) + draw.chance(12) for n, s in zip(size, stride)]
    elif draw.chance(2):
        arguments["output_padding"] = [draw.pick(0, max(s, d) - 1 + draw.chance(12)) for s, d in zip(stride, dilation)]
    case = dict(input_shape=shape, bias=draw.chance(2), arguments=arguments,
                weight_shape=[channels, draw.pick(1, 3)] + kernel)
    if "output_size" not in arguments:
        pads_instead(draw, case, [2] * dims)
    return case


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
    case = dict(input_shape=draw.lead([draw.pick(1, 3)] + draw.extents(dims)), arguments=arguments)
    if not arguments["ceil_mode"] and arguments.get("dilation", [1]) == [1] * len(arguments.get("dilation", [1])):
        pads_instead(draw, case, [k - 1 for k in kernel])  # PyTorch has neither ceil_mode nor indices of these
    return case


def windows(draw, operation):
    kernel, dilation, padding, stride = (draw.each(2, 1, 3), draw.each(2, 1, 2), draw.each(2, 0, 2), draw.each(2, 1, 3))
    arguments = dict(kernel_size=kernel, dilation=dilation, padding=padding, stride=stride)
    size = draw.extents(2)
    case = dict(arguments=arguments)
    pads_instead(draw, case, [2, 2])
    pads = arguments.get("pads", padding * 2)
    if operation == "unfold":
        return dict(case, input_shape=draw.lead([draw.pick(1, 3)] + size))
    arguments["output_size"] = size
    count = 1
    for n, k, d, begin, end, s in zip(size, kernel, dilation, pads[:2], pads[2:], stride):
        count *= max(0, (n + begin + end - d * (k - 1) - 1) // s + 1)
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
    elif operation in TRANSPOSED:
        case = transposed(draw, operation)
    elif operation in MAX_POOLS + AVERAGE_POOLS:
        case = pooling(draw, operation)
    else:
        case = windows(draw, operation)
    case = dict(operation=operation, dtype=source.choice(["float32", "float64"]), **case)
    if draw.chance(6):
        slip(draw, case)
    return case if len(case["input_shape"]) <= 6 else random_case(source, operation, largest)


class Answer:
    """Tensors by name ("output", "indices", "input", "weight", "bias"), or none where PyTorch refuses; the tolerance of
    two orders of summation for each."""

    def __init__(self):
        self.tensors, self.tolerances, self.message = None, {}, ""


class Refused(ValueError):
    """PyTorch 1.13 would answer, and ConvScope should not."""


def each(value, dims):
    """A number for every axis, or the list as it is."""
    return value if isinstance(value, list) else [value] * dims


def refuse_gaps(case, x):
    """The rules of call() above that PyTorch 1.13 does not check, or not everywhere."""
    operation, a, dims = case["operation"], case["arguments"], dims_of(case["operation"])
    numbers = a.get("pads", a.get("padding"))
    if not isinstance(numbers, str) and min(each(numbers, dims)) < 0:
        raise Refused("negative padding")
    lengths = dict(dict.fromkeys(a, dims), output_size=None, pads=2 * dims)
    if any(isinstance(value, list) and lengths[name] not in (None, len(value)) for name, value in a.items()):
        raise Refused("number of values")  # with a padding_mode, 1.13 takes three for two axes
    if a.get("padding_mode", "zeros") not in MODES:
        raise Refused("padding_mode")
    if 0 in case.get("weight_shape", []):
        raise Refused("a weight without cells")
    if "weight_shape" in case and len(case["weight_shape"]) != dims + 2:
        raise Refused("rank of the weight")
    if operation != "fold" and x.dim() in (dims + 1, dims + 2) and 0 in x.shape[-dims - 1:]:
        raise Refused("an input without cells")
    if operation in TRANSPOSED and "output_padding" in a:
        lists = [each(a[name], dims) for name in ("output_padding", "stride", "dilation")]
        if any(more >= max(s, d) for more, s, d in zip(*lists)):
            raise Refused("output_padding")  # unchecked where the batch is empty
    if "pads" in a and x.dim() not in ((dims, dims + 1) if operation == "fold" else (dims + 1, dims + 2)):
        raise Refused("rank of the input")
    if operation == "max_pool1d" and x.dim() in (2, 3):
        k, d = each(a["kernel_size"], 1)[0], each(a["dilation"], 1)[0]
        s, pads = each(a.get("stride", k), 1)[0], a["pads"] if "pads" in a else each(a["padding"], 1) * 2
        room = x.shape[-1] + sum(pads) - d * (k - 1) - 1
        if room < 0 and not (a["ceil_mode"] and room > -s):
            raise Refused("no window fits")


def for_f_pad(pads):
    """All begins, then all ends, as F.pad wants them: a pair for each axis, the last axis first."""
    dims = len(pads) // 2
    return [side for axis in reversed(range(dims)) for side in (pads[axis], pads[dims + axis])]


def cut(x, pads):
    """Takes the pads away again."""
    dims = len(pads) // 2
    for axis in range(dims):
        length = x.shape[axis - dims] - pads[axis] - pads[dims + axis]
        if length < 1:
            raise Refused("nothing is left")
        x = x.narrow(axis - dims, pads[axis], length)
    return x


def layer_of(case, weight, bias, **more):
    """The nn module with this weight and bias, and the arguments that are not its own."""
    operation, a = case["operation"], dict(case["arguments"], **more)
    dims, is_transposed = dims_of(operation), operation in TRANSPOSED
    channels = [weight.shape[1] * a["groups"], weight.shape[0]]
    if is_transposed:
        channels.reverse()
    kind = getattr(nn, ("ConvTranspose" if is_transposed else "Conv") + f"{dims}d")
    own = {k: tuple(v) if isinstance(v, list) else v for k, v in a.items() if k not in ("output_size", "pads")}
    layer = kind(*channels, kernel_size=tuple(weight.shape[2:]), bias=bias is not None, dtype=weight.dtype, **own)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            if bias.shape != layer.bias.shape:
                raise Refused("shape of the bias")
            layer.bias.copy_(bias)
    return layer


def convolve(case, x, weight, bias):
    """conv1d to conv3d; also what conv2d's gradients come from, so x may require them."""
    a, dims = case["arguments"], dims_of(case["operation"])
    mode, more = a["padding_mode"], {}
    if "pads" in a:
        more = dict(padding=0, padding_mode="zeros")
    layer = layer_of(case, weight, bias, **more)
    adds_batch = mode == "circular" and x.dim() == dims + 1
    y = x.unsqueeze(0) if adds_batch else x
    if "pads" in a:
        y = F.pad(y, for_f_pad(a["pads"]), mode="constant" if mode == "zeros" else mode)
    y = layer(y)
    return (y.squeeze(0) if adds_batch else y), layer


def transpose(case, x, weight, bias):
    a = case["arguments"]
    if "pads" in a:
        return cut(layer_of(case, weight, bias)(x), a["pads"])
    layer = layer_of(case, weight, bias)
    y = layer(x, output_size=a["output_size"]) if "output_size" in a else layer(x)
    if 0 in y.shape[2:]:
        raise Refused("an output without cells")  # which 1.13 lets pass where the batch is empty
    return y


def pool_with_pads(case, x):
    """Without ceil_mode, and max pooling without dilation, so that every window has a cell of the input."""
    a, dims = dict(case["arguments"]), dims_of(case["operation"])
    pads, kernel = a.pop("pads"), a["kernel_size"]
    if any(pad > k - 1 for pad, k in zip(pads, each(kernel, dims) * 2)):
        raise Refused("pads larger than the window")
    function, is_max = getattr(F, case["operation"]), case["operation"] in MAX_POOLS
    padded = F.pad(x, for_f_pad(pads), value=float("-inf") if is_max else 0.0)
    a = {k: tuple(v) if isinstance(v, list) else v for k, v in a.items()}
    if is_max:
        output, indices = function(padded, **a, return_indices=True)
        flat, inner = indices, torch.zeros_like(indices)
        factor = 1
        for axis in reversed(range(dims)):
            extent = padded.shape[axis - dims]
            inner = inner + (flat % extent - pads[axis]) * factor
            flat, factor = flat // extent, factor * x.shape[axis - dims]
        return output, inner
    if a.pop("count_include_pad") or "divisor_override" in a:
        return function(padded, **a)

    def sums(y):
        if dims == 1:  # which has no divisor_override
            wide = {k: (1, each(v, 1)[0]) for k, v in case["arguments"].items() if k in ("kernel_size", "stride")}
            return F.avg_pool2d(y.unsqueeze(-2), **wide, divisor_override=1).squeeze(-2)
        return function(y, **a, divisor_override=1)

    return sums(padded) / sums(F.pad(torch.ones_like(x), for_f_pad(pads)))


def columns(case, x):
    a = dict(case["arguments"])
    pads = a.pop("pads", None)
    if pads is None:
        return getattr(F, case["operation"])(x, **a)
    if case["operation"] == "unfold":
        return F.unfold(F.pad(x, for_f_pad(pads)), **a)
    if len(a["output_size"]) != 2:
        raise Refused("number of values")  # the sum with the pads below would drop the third
    if min(a["output_size"]) < 1:
        raise Refused("an output without cells")
    a["output_size"] = [n + begin + end for n, begin, end in zip(a["output_size"], pads[:2], pads[2:])]
    return cut(F.fold(x, **a), pads)


def call(case, x, weight, bias):
    """The operation as PyTorch names it."""
    operation = case["operation"]
    refuse_gaps(case, x)
    with torch.no_grad():
        if operation in CONVOLUTIONS:
            return convolve(case, x, weight, bias)[0]
        if operation in TRANSPOSED:
            return transpose(case, x, weight, bias)
        if operation in ("unfold", "fold"):
            return columns(case, x)
        if "pads" in case["arguments"]:
            return pool_with_pads(case, x)
    arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in case["arguments"].items()}
    if operation in MAX_POOLS:
        arguments["return_indices"] = True
    return getattr(F, operation)(x, **arguments)


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
                for k in each(case["arguments"]["kernel_size"], dims_of(case["operation"])):
                    products *= k
            if case["operation"] in TRANSPOSED:
                products = weight.shape[0] * weight[0, 0].numel()
            largest = 0.0
            if answer.tensors["output"].numel() > 0 and case["operation"] not in MAX_POOLS + ["unfold"]:
                magnitudes = [None if t is None else t.abs().nan_to_num(posinf=0.0) for t in (x, weight, bias)]
                sums = call(case, *magnitudes)
                largest = sums.abs().max().item() if sums.numel() else 0.0
            answer.tolerances["output"] = bound(x.dtype, products, largest)
    except REFUSALS as refusal:
        answer.tensors, answer.message = None, str(refusal).split("\n")[0]
    return answer


def backward(case, answer, x, weight, bias, grad_output):
    def gradients(x, weight, bias, grad_output):
        refuse_gaps(case, x)
        x = x.clone().requires_grad_()
        y, layer = convolve(case, x, weight, bias)
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
        weight = torch.zeros(case["weight_shape"])
        return list(call(dict(case, operation="conv2d"), torch.zeros(case["input_shape"]), weight, None).shape)
    except REFUSALS:
        return [1, max(1, case["weight_shape"][0]), 1, 1]
