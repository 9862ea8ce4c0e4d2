#!/usr/bin/env python3
"""Writes mistake_cases.json: outputs of convolutions done wrong in the usual ways, each made by PyTorch itself.

Run with a Python that has torch (Debian's python3-torch, 1.13.1):  /usr/bin/python3 make_mistake_cases.py

Each case names the right convolution, the seed that draws its tensors (torch.manual_seed(seed), then randn for input,
weight and bias, in this order), the causes that must be found, and the mistaken output. Nothing here knows how the
engine makes a mistake: a flipped kernel is torch.flip, a missing bias is F.conv2d without it.
"""

import json
import os

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.backends.mkldnn.enabled = False

MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def pad(x, top, left, bottom, right, mode="zeros"):
    return F.pad(x, (left, right, top, bottom), mode=MODES[mode])


class Case:
    """The right convolution and its tensors. A padding of four is top, left, bottom, right."""

    def __init__(self, seed, n=1, c=1, k=1, size=7, kernel=3, stride=1, padding=0, dilation=1, groups=1, mode="zeros",
                 bias=True):
        padding = padding if isinstance(padding, tuple) and len(padding) == 4 else pair(padding)
        self.fields = dict(seed=seed, input_shape=[n, c, *pair(size)], weight_shape=[k, c // groups, *pair(kernel)],
                           stride=pair(stride), padding=padding, dilation=pair(dilation), groups=groups,
                           padding_mode=mode, bias=bias)
        torch.manual_seed(seed)
        self.x = torch.randn(self.fields["input_shape"])
        self.w = torch.randn(self.fields["weight_shape"])
        self.b = torch.randn(k) if bias else None
        self.stride, self.padding, self.dilation, self.groups, self.mode = (
            pair(stride), padding, pair(dilation), groups, mode)

    def conv(self, **changes):
        """The right result, but for what `changes` names."""
        get = lambda name: changes.get(name, getattr(self, name))
        x, padding = get("x"), get("padding")
        top, left, bottom, right = padding if len(padding) == 4 else (*padding, *padding)
        x = pad(x, top, left, bottom, right, get("mode"))
        return F.conv2d(x, get("w"), get("b"), get("stride"), 0, get("dilation"), get("groups"))


def slice_wise(case):
    """The tutorial's method by slices: the image n meets the kernel n, and the row of sums is broadcast over n."""
    x = pad(case.x, *case.padding, *case.padding)
    kh, kw = case.w.shape[2:]
    rows = (x.shape[2] - kh) // case.stride[0] + 1
    columns = (x.shape[3] - kw) // case.stride[1] + 1
    output = torch.zeros(x.shape[0], case.w.shape[0], rows, columns)
    for i in range(rows):
        for j in range(columns):
            top, left = i * case.stride[0], j * case.stride[1]
            region = x[:, :, top:top + kh, left:left + kw]
            output[:, :, i, j] = torch.sum(region * case.w, dim=(1, 2, 3)) + case.b
    return output


def full(bias):
    return bias.view(1, -1, 1, 1)


def cases():
    def plain(seed, **more):
        return Case(seed, n=2, c=3, k=4, size=(7, 6), **more)

    p = lambda seed, **more: plain(seed, padding=(2, 1), **more)
    case = plain(1)
    yield ["kernel_flipped"], case, case.conv(w=case.w.flip(2, 3))
    case = Case(2)
    yield ["kernel_flipped"], case, case.conv(w=case.w.flip(2, 3))
    case = plain(3)
    yield ["kernel_flipped_rows"], case, case.conv(w=case.w.flip(2))
    yield ["kernel_flipped_columns"], case, case.conv(w=case.w.flip(3))
    yield ["kernel_transposed"], case, case.conv(w=case.w.transpose(2, 3))
    case = plain(4, kernel=(3, 2))
    yield ["kernel_transposed"], case, case.conv(w=case.w.transpose(2, 3))
    case = Case(5, c=3, k=3)
    yield ["weight_channels_swapped"], case, case.conv(w=case.w.transpose(0, 1))
    case = p(6)
    yield ["padding_missing"], case, case.conv(padding=(0, 0))
    yield ["padding_only_before"], case, case.conv(padding=(2, 1, 0, 0))
    yield ["padding_only_after"], case, case.conv(padding=(0, 0, 2, 1))
    yield ["padding_all_before"], case, case.conv(padding=(4, 2, 0, 0))
    yield ["padding_all_after"], case, case.conv(padding=(0, 0, 4, 2))
    yield ["padding_only_rows"], case, case.conv(padding=(2, 0))
    yield ["padding_only_columns"], case, case.conv(padding=(0, 1))
    yield ["padding_pair_swapped"], case, case.conv(padding=(1, 2))
    for mode in ("reflect", "replicate", "circular"):
        yield ["padding_mode"], case, case.conv(mode=mode)
    case = p(7, mode="reflect")
    yield ["padding_mode"], case, case.conv(mode="zeros")
    case = plain(8, padding=1)
    yield ["padding_value"], case, case.conv(padding=(3, 3))
    yield ["bias_missing"], case, case.conv(b=None)
    yield ["bias_twice"], case, case.conv() + full(case.b)
    yield ["bias_per_channel"], case, case.conv() + 2 * full(case.b)
    yield ["bias_per_tap"], case, case.conv() + 26 * full(case.b)
    yield ["bias_subtracted"], case, case.conv(b=None) - full(case.b)
    yield ["bias_first"], case, case.conv(b=None) + case.b[0]
    yield ["bias_reversed"], case, case.conv(b=case.b.flip(0))
    case = Case(9, k=5, size=7, c=2)
    yield ["bias_along_width"], case, case.conv(b=None) + case.b
    yield ["bias_along_height"], case, case.conv(b=None) + case.b.view(-1, 1)
    case = plain(10, stride=(2, 1), padding=1)
    yield ["stride_ignored"], case, case.conv(stride=(1, 1))
    yield ["stride_cropped"], case, case.conv(stride=(1, 1))[:, :, :4, :6]
    yield ["stride_pair_swapped"], case, case.conv(stride=(1, 2))
    yield ["stride_dilation_swapped"], case, case.conv(stride=(1, 1), dilation=(2, 1))
    case = plain(11, dilation=(1, 2), padding=2)
    yield ["dilation_ignored"], case, case.conv(dilation=(1, 1))
    yield ["dilation_pair_swapped"], case, case.conv(dilation=(2, 1))
    case = plain(12, stride=2)
    yield ["rounded_up"], case, case.conv(padding=(0, 0, 0, 1))
    yield ["stride_value"], case, case.conv(stride=(3, 3))
    case = plain(13)
    yield ["dilation_value"], case, case.conv(dilation=(2, 2))
    yield ["channels_first_only"], case, case.conv(x=case.x[:, :1], w=case.w[:, :1])
    yield ["channels_last_only"], case, case.conv(x=case.x[:, 2:], w=case.w[:, 2:])
    yield ["batch_first_image"], case, case.conv()[:1].expand(2, -1, -1, -1)
    yield ["input_transposed"], case, case.conv(x=case.x.transpose(2, 3))
    yield ["mean_of_products"], case, case.conv(b=None) / 27 + full(case.b)
    yield ["mean_of_window"], case, case.conv(b=None) / 9 + full(case.b)
    yield ["mean_of_channels"], case, case.conv(b=None) / 3 + full(case.b)
    yield ["negated"], case, -case.conv()
    yield ["activated"], case, F.relu(case.conv())
    yield ["absolute"], case, case.conv().abs()
    yield ["scaled"], case, 255 * case.conv()
    yield ["channels_permuted"], case, case.conv()[:, [2, 0, 3, 1]]
    yield ["output_permuted"], case, case.conv().permute(0, 2, 3, 1)
    yield ["output_permuted"], case, case.conv().transpose(2, 3)
    yield ["output_reshaped"], case, case.conv().permute(0, 2, 3, 1).reshape(2, 4, 5, 4)
    yield ["output_reshaped"], case, case.conv().transpose(0, 1).reshape(2, 4, 5, 4)
    yield ["output_other_shape"], case, case.conv().flatten(2)
    case = Case(14, c=3, k=3, size=6)
    depthwise = F.conv2d(case.x, torch.stack([case.w[i, i] for i in range(3)]).unsqueeze(1), case.b, groups=3)
    yield ["channels_depthwise"], case, depthwise
    case = Case(15, c=4, k=4, groups=2, size=6)
    yield ["groups_first"], case, case.conv(x=case.x[:, [0, 1, 0, 1]])
    yield ["groups_every"], case, F.conv2d(case.x, torch.cat([case.w, case.w], dim=1), case.b)
    yield ["groups_interleaved"], case, case.conv(x=case.x[:, [0, 2, 1, 3]])
    case = Case(10010, n=2, c=3, k=2, size=5, padding=1)
    yield ["batch_paired_with_channel"], case, slice_wise(case)
    case = Case(16, n=3, c=2, k=3, size=6, padding=1, stride=2)
    yield ["batch_paired_with_channel"], case, slice_wise(case)
    pairs = torch.stack([F.conv2d(case.x[i:i + 1], case.w[i:i + 1], None, 2, 1)[0, 0] for i in range(3)])
    yield ["batch_paired_along_batch"], case, pairs.unsqueeze(1) + full(case.b)
    case = Case(17, n=2, c=2, k=3, size=6)
    yield ["input_batch_channels_swapped"], case, case.conv(x=case.x.transpose(0, 1))
    case = p(20)
    yield ["input_channels_reversed"], case, case.conv(x=case.x.flip(1))
    yield ["bias_last"], case, case.conv(b=case.b[[3, 3, 3, 3]])
    yield ["bias_next"], case, case.conv(b=case.b.roll(-1))
    yield ["bias_previous"], case, case.conv(b=case.b.roll(1))
    yield ["bias_of_image"], case, case.conv(b=None) + case.b[:2].view(2, 1, 1, 1)
    yield ["output_rolled"], case, case.conv().roll((1, 1), (2, 3))
    yield ["output_rolled"], case, case.conv().roll(-1, 3)
    yield ["output_shifted"], case, F.pad(case.conv()[:, :, :-1], (0, 0, 1, 0))
    yield ["input_rolled"], case, case.conv(x=case.x.roll(-1, 2))
    yield ["output_one_image"], case, case.conv()[0]
    yield ["output_one_image"], case, case.conv()[1:]
    yield ["output_one_channel"], case, case.conv()[:, 2]
    yield ["output_one_channel"], case, case.conv()[:, 3:]
    yield ["output_channel_missing"], case, case.conv()[:, 1:]
    case = Case(21, n=3, c=2, k=2, size=6)
    yield ["batch_reversed"], case, case.conv().flip(0)
    yield ["output_image_missing"], case, case.conv()[:-1]
    yield ["bias_missing", "output_one_image"], case, case.conv(b=None)[0]
    case = plain(22, padding=(2, 0, 0, 1))
    yield ["padding_sides_swapped"], case, case.conv(padding=(0, 1, 2, 0))
    case = plain(24, kernel=2, padding=1)
    yield ["padding_stride_value"], case, case.conv(padding=(2, 2), stride=(3, 3))
    # Two at once.
    case = p(18)
    yield ["kernel_flipped", "bias_missing"], case, case.conv(w=case.w.flip(2, 3), b=None)
    yield ["padding_missing", "bias_twice"], case, case.conv(padding=(0, 0)) + full(case.b)
    yield ["kernel_transposed", "padding_mode"], case, case.conv(w=case.w.transpose(2, 3), mode="replicate")
    yield ["bias_missing", "channels_permuted"], case, case.conv(b=None)[:, [3, 2, 1, 0]]
    case = p(19, stride=2)
    yield ["bias_missing", "stride_ignored"], case, case.conv(stride=(1, 1), b=None)
    yield ["kernel_flipped", "output_permuted"], case, case.conv(w=case.w.flip(2, 3)).permute(0, 2, 3, 1)
    # None at all.
    yield [], case, torch.randn(case.conv().shape)
    yield [], case, case.conv() + torch.randn(case.conv().shape)
    yield [], case, torch.randn(3, 3)


def main():
    entries = []
    for causes, case, output in cases():
        shape = list(output.shape)
        entries.append(dict(causes=causes, **case.fields, output_shape=shape,
                            numbers=[float(f"{v:.8g}") for v in output.flatten().tolist()]))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mistake_cases.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"made_by": "make_mistake_cases.py", "torch": "%s", "cases": [\n' % torch.__version__)
        file.write(",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries))
        file.write("\n]}\n")


if __name__ == "__main__":
    main()
