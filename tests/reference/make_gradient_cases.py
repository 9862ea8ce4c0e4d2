#!/usr/bin/python3
"""Writes gradient_cases.json: PyTorch's gradients of convolutions, and kernels learned by torch.optim.SGD.

    /usr/bin/python3 tests/reference/make_gradient_cases.py > tests/reference/gradient_cases.json

The tensors are not written out: a test draws them as this script does, with torch.manual_seed(seed) and then input,
weight, bias and grad_output. "partial" are the gradients of a grad_output of which only the first "steps" cells in
row-major order are left and the others are 0: what has been added up after so many steps.
"""
import json

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.backends.mkldnn.enabled = False

CASES = [
    dict(input_shape=[1, 1, 4, 4]),
    dict(input_shape=[1, 1, 5, 5], stride=[2, 2], padding=[1, 1], bias=True),
    dict(input_shape=[2, 4, 6, 5], in_channels=4, out_channels=6, groups=2, stride=[2, 1], padding=[1, 2],
         dilation=[1, 2], kernel_size=[3, 2], bias=True),
    dict(input_shape=[1, 2, 7, 7], in_channels=2, out_channels=3, padding=[2, 1], dilation=[2, 2], dtype="float64"),
    dict(input_shape=[1, 2, 5, 6], in_channels=2, out_channels=2, padding=[2, 2], padding_mode="reflect", bias=True),
    dict(input_shape=[1, 1, 4, 5], padding=[3, 2], padding_mode="replicate", stride=[2, 2]),
    dict(input_shape=[1, 2, 4, 4], in_channels=2, out_channels=4, groups=2, padding=[2, 1], padding_mode="circular"),
    dict(input_shape=[3, 6, 6], in_channels=3, out_channels=2, kernel_size=[1, 1], stride=[3, 2]),
]
SOBEL = [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
DESCENTS = [
    dict(input_shape=[1, 1, 8, 8], padding=[1, 1], learning_rate=0.1, steps=40),
    dict(input_shape=[1, 1, 10, 7], stride=[2, 1], bias=True, learning_rate=0.2, steps=25, dtype="float64"),
]
DEFAULTS = dict(in_channels=1, out_channels=1, kernel_size=[3, 3], stride=[1, 1], padding=[0, 0], dilation=[1, 1],
                groups=1, bias=False, padding_mode="zeros", dtype="float32", seed=3)


def numbers(tensor):
    digits = 9 if tensor.dtype == torch.float32 else 17
    return [float(f"{v:.{digits}g}") for v in tensor.flatten().tolist()]


def layer_of(case):
    return nn.Conv2d(case["in_channels"], case["out_channels"], tuple(case["kernel_size"]), tuple(case["stride"]),
                     tuple(case["padding"]), tuple(case["dilation"]), case["groups"], case["bias"],
                     case["padding_mode"], dtype=getattr(torch, case["dtype"]))


def drawn(case, layer):
    """The input, with weight and bias drawn into the layer."""
    dtype = getattr(torch, case["dtype"])
    torch.manual_seed(case["seed"])
    x = torch.randn(case["input_shape"], dtype=dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(layer.weight.shape, dtype=dtype))
        if layer.bias is not None:
            layer.bias.copy_(torch.randn(layer.bias.shape, dtype=dtype))
    return x


def gradients(x, layer, grad_output):
    x = x.clone().requires_grad_()
    layer.zero_grad()
    layer(x).backward(grad_output)
    answer = dict(input=numbers(x.grad), weight=numbers(layer.weight.grad))
    if layer.bias is not None:
        answer["bias"] = numbers(layer.bias.grad)
    return answer


def gradient_case(changes):
    case = dict(DEFAULTS, **changes)
    layer = layer_of(case)
    x = drawn(case, layer)
    shape = layer(x).shape
    grad_output = torch.randn(shape, dtype=x.dtype)
    steps = 2 * grad_output.numel() // 3
    mask = (torch.arange(grad_output.numel()) < steps).reshape(shape)
    return dict(case, whole=gradients(x, layer, grad_output), steps=steps,
                partial=gradients(x, layer, grad_output * mask))


def descent_case(changes):
    case = dict(DEFAULTS, **changes)
    layer = layer_of(case)
    x = drawn(case, layer)
    target = F.conv2d(x, torch.tensor(SOBEL, dtype=x.dtype).reshape(1, 1, 3, 3), None, layer.stride, layer.padding)
    optimizer = torch.optim.SGD(layer.parameters(), lr=case["learning_rate"])
    losses = []
    for _ in range(case["steps"]):
        optimizer.zero_grad()
        loss = F.mse_loss(layer(x), target)
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    losses.append(F.mse_loss(layer(x), target).item())
    answer = dict(case, losses=losses, weight=numbers(layer.weight))
    if layer.bias is not None:
        answer["learned_bias"] = numbers(layer.bias)
    return answer


def main():
    document = dict(torch=torch.__version__, gradients=[gradient_case(c) for c in CASES],
                    descents=[descent_case(c) for c in DESCENTS])
    print(json.dumps(document, separators=(", ", ": ")).replace('{"input_shape"', '\n{"input_shape"').replace(
        '], "descents"', '],\n"descents"'))


main()
