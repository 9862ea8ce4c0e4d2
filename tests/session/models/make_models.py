#!/usr/bin/env python3
"""Writes the ONNX models beside itself, pictures for them, and reference.npz: what PyTorch makes of the pictures in front
of each layer. Hostile files are in hostile/. Needs onnx, torch and numpy (Debian's python3-onnx and python3-torch)."""

import pathlib
import struct
import zlib

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional as F

here = pathlib.Path(__file__).parent
generator = numpy.random.default_rng(5)
references = {}


def floats(*shape, scale=0.4):
    return (generator.standard_normal(shape) * scale).astype(numpy.float32)


def save(name, nodes, inputs, outputs, tensors, opset=13, check=True):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs],
        [t if isinstance(t, TensorProto) else numpy_helper.from_array(t, n) for n, t in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="make_models.py")
    model.ir_version = 7
    if check:
        onnx.checker.check_model(model)
    (here / name).parent.mkdir(exist_ok=True)
    onnx.save(model, here / name)
    return model


def png(name, array):
    """(H, W, 3) of uint8."""
    h, w, _ = array.shape

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + array[y].tobytes() for y in range(h))
    header = struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)
    (here / name).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


picture = generator.integers(0, 256, (12, 12, 3), dtype=numpy.uint8)
large = generator.integers(0, 256, (31, 20, 3), dtype=numpy.uint8)
png("picture.png", picture)
png("large.png", large)


def tensor(array):
    return torch.from_numpy(numpy.transpose(array, (2, 0, 1))[None].astype(numpy.float32) / 255)


x = torch.from_numpy
node = helper.make_node

# A trunk with everything that one is made of.
w = {
    "w1": floats(4, 3, 3, 3), "b1": floats(4), "scale": floats(4, scale=1), "shift": floats(4), "mean": floats(4),
    "var": numpy.abs(floats(4, scale=1)) + 0.5, "w2": floats(6, 2, 3, 3), "w2b": floats(6, 4, 1, 1),
    "slope": numpy.abs(floats(6, 1, 1)), "low": numpy.array(-0.3, "f4"), "high": numpy.array(0.9, "f4"),
    "half": numpy.array(0.5, "f4"), "w3": floats(5, 12, 3, 3), "b3": floats(5), "w4": floats(2, 5), "b4": floats(2),
    "pads": numpy.array([0, 0, 1, 0, 0, 0, 0, 2], "i8"),
}
save(
    "trunk.onnx",
    [
        node("Conv", ["image", "w1", "b1"], ["c1"], "conv1", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c1", "scale", "shift", "mean", "var"], ["n1"], "norm1", epsilon=1e-3),
        node("Relu", ["n1"], ["r1"], "relu1"),
        node("MaxPool", ["r1"], ["p1"], "pool1", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Conv", ["p1", "w2"], ["c2"], "block/conv2", group=2, pads=[1, 1, 1, 1]),
        node("PRelu", ["c2", "slope"], ["a2"]),
        node("Conv", ["p1", "w2b"], ["s2"], "block/side"),
        node("Clip", ["s2", "low", "high"], ["k2"]),
        node("Add", ["a2", "k2"], ["sum2"]),
        node("LeakyRelu", ["sum2"], ["l2"], alpha=0.2),
        node("Sigmoid", ["sum2"], ["g2"]),
        node("Mul", ["g2", "half"], ["h2"]),
        node("Concat", ["l2", "h2"], ["cat"], axis=1),
        node("Dropout", ["cat"], ["d2"]),
        node("AveragePool", ["d2"], ["p2"], "pool2", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 1], ceil_mode=1),
        node("Pad", ["p2", "pads"], ["q2"]),
        node("Conv", ["q2", "w3", "b3"], ["c3"], "conv3", strides=[1, 2], dilations=[1, 1]),
        node("HardSigmoid", ["c3"], ["h3"], alpha=0.3, beta=0.4),
        node("GlobalAveragePool", ["h3"], ["gap"], "gap"),
        node("Flatten", ["gap"], ["flat"]),
        node("Gemm", ["flat", "w4", "b4"], ["out"], transB=1),
    ],
    [("image", ["batch", 3, 12, 12])],
    [("out", ["batch", 2])],
    w,
)


def trunk(image, stop):
    made = {}
    made["conv1"] = image
    c1 = F.conv2d(image, x(w["w1"]), x(w["b1"]), padding=1)
    made["pool1"] = r1 = F.relu(
        F.batch_norm(c1, x(w["mean"]), x(w["var"]), x(w["scale"]), x(w["shift"]), eps=1e-3)
    )
    made["block/conv2"] = made["block/side"] = p1 = F.max_pool2d(r1, 3, 2, 1)
    c2 = F.conv2d(p1, x(w["w2"]), padding=1, groups=2)
    a2 = F.prelu(c2, x(w["slope"]).flatten())
    sum2 = a2 + torch.clamp(F.conv2d(p1, x(w["w2b"])), -0.3, 0.9)
    made["pool2"] = cat = torch.cat([F.leaky_relu(sum2, 0.2), torch.sigmoid(sum2) * 0.5], 1)
    # ONNX counts no padding; windows of 3x3, one cell above, one below, one at the right.
    padded, ones = F.pad(cat, (0, 1, 1, 1)), F.pad(torch.ones_like(cat), (0, 1, 1, 1))
    sums, counts = (F.avg_pool2d(t, 3, 2, ceil_mode=True, divisor_override=1) for t in (padded, ones))
    made["conv3"] = q2 = F.pad(sums / counts, (0, 2, 1, 0))
    c3 = F.conv2d(q2, x(w["w3"]), x(w["b3"]), stride=(1, 2))
    made["gap"] = torch.clamp(0.3 * c3 + 0.4, 0, 1)
    return made[stop]


for stop in ("conv1", "pool1", "block/conv2", "pool2", "conv3", "gap"):
    references["trunk:" + stop] = trunk(tensor(picture), stop).numpy()
shrunk = F.interpolate(tensor(large), (12, 12), mode="bilinear", antialias=True, align_corners=False)
references["scaled:conv1"] = shrunk.numpy()
mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
references["imagenet:conv1"] = ((tensor(picture) - mean[:, None, None]) / deviation[:, None, None]).numpy()

# PyTorch's own exporter, with an open size.
torch.manual_seed(3)
layers = torch.nn.Sequential(
    torch.nn.Conv2d(1, 4, 3, stride=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Conv2d(4, 6, 3), torch.nn.Tanh()
).eval()
torch.onnx.export(
    layers, torch.zeros(1, 1, 28, 28), here / "exported.onnx", input_names=["x"], output_names=["y"], opset_version=13,
    dynamic_axes={"x": {0: "n", 2: "h", 3: "w"}}, do_constant_folding=True,
)
grey = (tensor(large) * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
references["exported:second"] = layers[:3](grey).detach().numpy()
references["exported:weight"] = layers[3].weight.detach().numpy()

# Sizes that the padding follows.
v = {"w1": floats(4, 3, 4, 3), "w2": floats(3, 4, 2, 5), "w3": floats(2, 3, 3, 3)}
save(
    "auto_pad.onnx",
    [
        node("Conv", ["x", "w1"], ["a"], "upper", auto_pad="SAME_UPPER", strides=[2, 3]),
        node("Conv", ["a", "w2"], ["b"], "lower", auto_pad="SAME_LOWER"),
        node("MaxPool", ["b"], ["c"], "pool", kernel_shape=[2, 2], auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Conv", ["c", "w3"], ["d"], "valid", auto_pad="VALID"),
    ],
    [("x", [1, 3, 12, 12])], [("d", list("nchw"))], v,
)
# 12 by 2 and 3: pads 2 and 0 in all; kernels 4x3, 2x5: 1 and 4 in all.
a = F.conv2d(F.pad(tensor(picture), (0, 0, 1, 1)), x(v["w1"]), stride=(2, 3))
b = F.conv2d(F.pad(a, (2, 2, 1, 0)), x(v["w2"]))
references["auto_pad:lower"], references["auto_pad:pool"] = a.numpy(), b.numpy()
references["auto_pad:valid"] = F.max_pool2d(b, 2).numpy()

# Upwards.
u = {"w1": floats(3, 4, 3, 3), "b1": floats(4), "w2": floats(4, 1, 2, 2), "w3": floats(2, 8, 1, 1)}
save(
    "transposed.onnx",
    [
        node("ConvTranspose", ["x", "w1", "b1"], ["a"], "up1", strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]),
        node("Elu", ["a"], ["e"]),
        node("ConvTranspose", ["e", "w2"], ["b"], "up2", strides=[2, 2], group=4),
        node("MaxPool", ["b"], ["c"], "pool", kernel_shape=[2, 2], strides=[3, 3], dilations=[2, 2], ceil_mode=1),
        node("Concat", ["c", "c"], ["d"], axis=1),
        node("Conv", ["d", "w3"], ["y"], "mix"),
    ],
    [("x", [1, 3, 6, 6])], [("y", list("nchw"))], u,
)
small = F.interpolate(tensor(picture), (6, 6), mode="bilinear", antialias=True, align_corners=False)
a = F.elu(F.conv_transpose2d(small, x(u["w1"]), x(u["b1"]), 2, 1, 1))
b = F.conv_transpose2d(a, x(u["w2"]), stride=2, groups=4)
c = F.max_pool2d(b, 2, 3, dilation=2, ceil_mode=True)
references["transposed:up2"], references["transposed:pool"] = a.numpy(), b.numpy()
references["transposed:mix"] = torch.cat([c, c], 1).numpy()

# What cannot be shown, or not with its real input; names that are missing, shared or strange; types and places of
# numbers.
half = numpy_helper.from_array(floats(2, 3, 3, 3).astype("f2"), "half")
listed = helper.make_tensor("listed", TensorProto.FLOAT, [2, 2, 1, 1], [1, 2, 3, 4])
double = numpy_helper.from_array(numpy.arange(8.0).reshape(2, 2, 2, 1) / 4, "double")
beside = numpy_helper.from_array(floats(2, 2, 1, 1), "beside")
(here / "beside.bin").write_bytes(b"\1\2\3\4" + beside.raw_data)
beside.ClearField("raw_data")
beside.data_location = TensorProto.EXTERNAL
for key, value in (("location", "beside.bin"), ("offset", "4"), ("length", "16")):
    entry = beside.external_data.add()
    entry.key, entry.value = key, value
constant = numpy_helper.from_array(floats(2, 2, 1, 1), "any")
save(
    "mixed.onnx",
    [
        node("Conv", ["x", "half"], ["a"], pads=[1, 1, 1, 1]),
        node("Conv", ["a", "listed"], ["b"], "same"),
        node("Constant", [], ["constant"], value=constant),
        node("Conv", ["b", "constant"], ["c"], "same"),
        node("Conv", ["c", "beside"], ["d"], "outside"),
        node("Neg", ["listed"], ["negative"]),
        node("Conv", ["d", "negative"], ["e"], "computed"),
        node("LpPool", ["d"], ["f"], "lp", kernel_shape=[2, 2]),
        node("MaxPool", ["d"], ["g"], "odd", kernel_shape=[2, 2], pads=[0, 0, 1, 1]),
        node("Resize", ["g", "", "factors"], ["h"], "resize"),
        node("Identity", ["listed"], ["alias"]),
        node("Conv", ["h", "alias"], ["i"], "blocked"),
        node("Reshape", ["i", "flat"], ["j"]),
        node("Conv", ["j", "line"], ["k"], "line"),
        node("Conv", ["volume", "cube"], ["l"], "cube"),
        node("Mystery", ["l"], ["m"], "mystery", domain="com.example"),
    ],
    [("x", [1, 3, 8, 8]), ("volume", [1, 1, 4, 4, 4])], [("k", [1, 1, 10])],
    {
        "half": half, "listed": listed, "double": double, "beside": beside, "factors": numpy.array([1, 1, 2, 2], "f4"),
        "flat": numpy.array([1, 1, -1], "i8"), "line": floats(1, 1, 5), "cube": floats(1, 1, 2, 2, 2),
    },
    opset=13, check=False,
)
references["mixed:half"] = numpy_helper.to_array(half).astype("f4")
references["mixed:beside"] = numpy.frombuffer((here / "beside.bin").read_bytes()[4:], "<f4").reshape(2, 2, 1, 1)

numpy.savez_compressed(here / "reference.npz", **{k.replace("/", "_"): t for k, t in references.items()})


# ---------------------------------------------------------------------------------------------------------------------
def hostile(name, content):
    (here / "hostile").mkdir(exist_ok=True)
    (here / "hostile" / name).write_bytes(content)


def field(number, body):
    """Of a message, text or bytes."""
    length, text = len(body), bytearray()
    while length > 127:
        text.append(length & 127 | 128)
        length >>= 7
    text.append(length)
    return bytes([number << 3 | 2]) + bytes(text) + body


conv = node("Conv", ["x", "w"], ["y"], "conv")
image = [("x", [1, 3, 8, 8])]
result = [("y", list("nchw"))]
good = save("hostile/good.onnx", [conv], image, result, {"w": floats(2, 3, 3, 3)}).SerializeToString()
(here / "hostile" / "good.onnx").unlink()
hostile("truncated.onnx", good[: len(good) - 60])
hostile("words.onnx", b"this is no model at all, only words")
hostile("empty.onnx", b"")
hostile("no_graph.onnx", b"\x08\x07")


def with_weight(name, change):
    weight = numpy_helper.from_array(floats(2, 3, 3, 3), "w")
    change(weight)
    save("hostile/" + name, [conv], image, result, {"w": weight}, check=False)


def external(weight, place):
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", place


def dims(weight, *extents):
    del weight.dims[:]
    weight.dims.extend(extents)


with_weight("huge_dims.onnx", lambda t: dims(t, 1 << 40, 1 << 20, 3, 3))
with_weight("overflowing_dims.onnx", lambda t: dims(t, 1 << 62, 1 << 62, 3, 3))
with_weight("negative_dims.onnx", lambda t: dims(t, -2, 3, 3, 3))
with_weight("more_than_there.onnx", lambda t: dims(t, 64, 3, 3, 3))
with_weight("external_parent.onnx", lambda t: external(t, "../../models/beside.bin"))
with_weight("external_absolute.onnx", lambda t: external(t, "/etc/passwd"))
with_weight("external_missing.onnx", lambda t: external(t, "nowhere.bin"))
save("hostile/cycle.onnx", [node("Conv", ["z", "w"], ["y"], "conv"), node("Relu", ["y"], ["z"], "back")], image, result,
     {"w": floats(2, 3, 3, 3)}, check=False)
save("hostile/itself.onnx", [node("Conv", ["y", "w"], ["y"], "conv")], image, result, {"w": floats(2, 3, 3, 3)},
     check=False)
save("hostile/twice.onnx", [conv, node("Relu", ["x"], ["y"], "again")], image, result, {"w": floats(2, 3, 3, 3)},
     check=False)
# A node's attribute that is a graph with a node with such an attribute, and so on.
deep = b""
for _ in range(3000):
    deep = field(1, field(5, field(6, deep)))
hostile("deep.onnx", field(7, deep))

# What stands before the layer is followed or refused, never misread: axes that are named, a slope that would stretch its
# input, an input that no memory holds.
pool = node("MaxPool", ["y"], ["p"], "pool", kernel_shape=[1, 1])
pooled = [("p", list("nchw"))]
save("hostile/broadcast_axis.onnx", [node("Add", ["x", "b"], ["y"], "add", broadcast=1, axis=1), pool],
     [("x", [1, 3, 3, 3])], pooled, {"b": floats(3)}, opset=6, check=False)
save("hostile/pad_axes.onnx", [node("Pad", ["x", "pads", "", "axes"], ["y"], "pad"), pool], [("x", [1, 3, 3, 3])], pooled,
     {"pads": numpy.array([1, 0, 0, 0, 1, 0, 0, 0], "i8"), "axes": numpy.array([3, 2, 1, 0], "i8")}, opset=18, check=False)
save("hostile/wide_slope.onnx", [node("PRelu", ["x", "slope"], ["y"], "act"), pool], [("x", [1, 3, 3, 3])], pooled,
     {"slope": floats(4, 1, 1, 1)}, check=False)
save("hostile/wide_input.onnx", [node("MaxPool", ["x"], ["p"], "pool", kernel_shape=[1, 1])],
     [("x", [1, 1, 1, 2000000000])], pooled, {}, check=False)
