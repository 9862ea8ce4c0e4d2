#!/usr/bin/env python3
"""Writes the seeds that the fuzz targets begin with: tests/fuzz/corpus/TARGET/NAME.

Usage: make_corpus.py CONVSCOPE, a built program, which exports the files that carry sessions. Needs numpy and
ImageMagick; whoever runs the targets does not.
"""

import io
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

import numpy

convscope = sys.argv[1]
corpus = pathlib.Path(__file__).parent / "corpus"


def put(target, name, content):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


# .npy: versions, orders, types.
def npy(array, version):
    file = io.BytesIO()
    numpy.lib.format.write_array(file, array, version=version)
    return file.getvalue()


for kind in ("<f4", ">f4", "<f8", "<f2", "|b1", "|i1", "<i2", ">i4", "<i8", "<u2"):
    array = numpy.arange(12).reshape(1, 1, 3, 4).astype(kind)
    put("npy", f"c_{kind[1:]}_{'big' if kind[0] == '>' else 'little'}", npy(array, (1, 0)))
put("npy", "fortran", npy(numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)), (1, 0)))
put("npy", "version_2", npy(numpy.arange(4.0), (2, 0)))
put("npy", "version_3", npy(numpy.arange(4.0), (3, 0)))
put("npy", "scalar", npy(numpy.array(2.5), (1, 0)))
put("npy", "empty", npy(numpy.zeros((0, 3)), (1, 0)))
put("npy", "words", npy(numpy.array(["a", "b"]), (1, 0)))
header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }".ljust(117) + b"\n"
put("npy", "huge", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)

# .npz: stored and packed, several and none, sizes of 64 bits, a member that is no array, a promise that cannot be kept.
def npz(save, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


weight = numpy.arange(18, dtype="<f4").reshape(2, 1, 3, 3)
put("npz", "stored", npz(numpy.savez, weight=weight, bias=numpy.zeros(2, "<f4")))
put("npz", "packed", npz(numpy.savez_compressed, **{"layer.weight": weight, "x": numpy.ones((1, 1, 5, 5))}))
put("npz", "empty", npz(numpy.savez))
other = io.BytesIO()
with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("readme.txt", "words")
    archive.writestr("a/b.npy", npy(numpy.arange(6).reshape(2, 3), (1, 0)))
    archive.comment = b"a comment PK\x05\x06 that looks like an end"
put("npz", "other_members", other.getvalue())
packed = npz(numpy.savez_compressed, x=numpy.zeros(100000, "<f4"))
at = packed.rindex(b"PK\x01\x02")
put("npz", "bomb", packed[: at + 24] + struct.pack("<I", 0xFFFFFFF0) + packed[at + 28 :])

# ONNX models: those of tests/session/models, good and hostile.
for model in sorted((pathlib.Path(__file__).parent.parent / "session" / "models").rglob("*.onnx")):
    put("onnx", model.stem, model.read_bytes()[:16384])

# Pictures of every kind that is read.
with tempfile.TemporaryDirectory() as folder:
    source = os.path.join(folder, "source.png")
    subprocess.run(["convert", "-size", "5x3", "gradient:red-blue", source], check=True)
    for ending in ("png", "jpg", "bmp", "gif", "tga", "psd", "ppm", "pgm"):
        target = os.path.join(folder, "picture." + ending)
        subprocess.run(["convert", source, target], check=True)
        put("picture", ending, pathlib.Path(target).read_bytes())
    for name, options in (("grey_alpha.png", ["-colorspace", "gray", "-alpha", "on"]), ("palette.png", ["-type", "palette"]),
                          ("sixteen.png", ["-depth", "16"]), ("interlaced.png", ["-interlace", "PNG"]),
                          ("progressive.jpg", ["-interlace", "JPEG"]), ("cmyk.jpg", ["-colorspace", "CMYK"])):
        target = os.path.join(folder, name)
        subprocess.run(["convert", source, *options, target], check=True)
        put("picture", name.replace(".", "_"), pathlib.Path(target).read_bytes())
put("picture", "hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n" + bytes(range(16)))

# Numbers as they are pasted.
for name, text in {
    "list": "[[1, 2], [3, 4]]",
    "tuple": "((1, 2.5), (-3e-2, 4))",
    "torch": "tensor([[ 1.3073, -1.5880],\n        [ 0.4691,     nan]], dtype=torch.float64)",
    "numpy": "array([[1., 2.],\n       [3., 4.]], dtype=float32)",
    "numpy_print": "[[1. 2.]\n [3. 4.]]",
    "sheet": "1\t2\t3\n4\t5\t6\n",
    "parameter": "Parameter containing:\ntensor([1, 2], requires_grad=True)",
    "named": "w = [True, False, 1_000]  # weights",
    "empty": "tensor([], size=(0, 3))",
    "scalar": "tensor(3.5)",
}.items():
    put("tensor_text", name, text)

# Slices and attributes.
for i, text in enumerate(["x[0]", "x[:, 0]", "x[:, :, 2:5, 3:6]", "x[..., ::2]", "x[-1, None, 1:]", "x[0][1][2]",
                          "x.shape[1:]", "x.size(dim=-1)", "x[0].numel()", "x[()]", "x[0x1, 1_0:]", "x.T",
                          "x[Ellipsis, np.newaxis]", "x[True]", "x.dtype", "x[0, :, ::2].shape"]):
    put("index", f"{i:02}", text)

# Parameter sets: numbers as Bytes in fuzz.h takes them.
put("plan", "conv2d", bytes([2, 3, 4, 3, 3, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 3, 7, 7, 9]))
put("plan", "conv2d_same", bytes([3, 2, 2, 4, 2, 1, 1, 2, 1, 1, 0, 0, 0, 0, 0, 0, 2, 0, 2, 1, 0, 2, 2, 6, 7, 5, 8]))
put("plan", "conv2d_pads", bytes([2, 1, 1, 3, 3, 2, 1, 1, 2, 3, 0, 0, 1, 2, 0, 1, 1, 1, 3, 0, 0, 1, 1, 7, 7, 4, 4]))
put("plan", "transposed", bytes([0, 1, 2, 3, 3, 3, 2, 2, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 2, 2, 4, 4, 7]))
put("plan", "pool", bytes([1, 1, 1, 3, 2, 1, 2, 2, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 2, 7, 6, 5]))
put("plan", "vast", bytes([2, 1, 1] + [255] * 60))

# Documents: the presets are seeds already.
put("document", "lesson", '{"format": "convscope-lesson", "version": 1, "title": {"en": "A", "zh": "B"}}')
put("document", "newer", '{"format": "convscope-session", "version": 999, "operation": "conv2d"}')
put("document", "deep", "[" * 2000)
put("document", "typed", '{"format": "convscope-session", "version": 1, "operation": "conv2d", "kernel_size": [3, 3], '
    '"unknown": {"kept": [1, 2]}, "input": {"kind": "typed", "shape": [1, 1, 2, 2], "values": [1, 2, 3, 4]}}')

# Scripts of actions.
put("actions", "all", """# a comment
click toolbar.export
double_click input[0,0,1,1]
hover timeline.play at 50% 50%
drag timeline.scrub by 20 0
drag weight[0,0,1,1] to output[0,0,0,0]
scroll picture at 10 10 -3
type hello
key ctrl+shift+z
wait 0.5
wait frames 3
wait idle
drop picture.png
expect export.done
expect no export.error
expect step 41
""")

# Files that carry a session.
with tempfile.TemporaryDirectory() as folder:
    for ending in ("png", "gif", "webp", "mp4", "webm", "svg", "html", "pdf", "tex"):
        target = os.path.join(folder, "x." + ending)
        still = ["--step", "1"] if ending in ("png", "svg", "tex", "pdf") else ["--steps", "1:2", "--fps", "2"]
        subprocess.run([convscope, "export", "tutorial_5_1", "-o", target, "--size", "200x150", *still], check=True)
        put("carried", ending, pathlib.Path(target).read_bytes())

# Command lines: words by their number in command_line_fuzzer.cpp.
for i in range(8):
    put("command_line", f"command_{i}", bytes([i, 0, 40, 24, 45, 24, 60, 200]))
