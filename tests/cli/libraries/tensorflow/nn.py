import numpy as np


def same_padding(n, reach, stride):
    out = -(-n // stride)
    both = max((out - 1) * stride + reach - n, 0)
    return both // 2, both - both // 2


def _windows(x, kernel, strides, dilations):
    """(N, H, W, C) to (N, rows, columns, C, kh, kw)."""
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(1, 2))
    return windows[:, ::strides[0], ::strides[1], :, ::dilations[0], ::dilations[1]]


def conv2d(x, filters, strides, padding, dilations=(1, 1)):
    kh, kw, channels, outputs = filters.shape
    groups = x.shape[3] // channels
    assert x.shape[3] == channels * groups and outputs % groups == 0
    if padding == "SAME":
        reach = [(k - 1) * d + 1 for k, d in zip((kh, kw), dilations)]
        padding = [[0, 0], *(same_padding(n, r, s) for n, r, s in zip(x.shape[1:3], reach, strides)), [0, 0]]
    if padding != "VALID":
        x = np.pad(x, padding)
    windows = _windows(x, (kh, kw), strides, dilations)
    parts = zip(np.split(windows, groups, axis=3), np.split(filters, groups, axis=3))
    return np.concatenate([np.einsum("npqcrs,rsco->npqo", window, part) for window, part in parts], axis=3)


def conv2d_transpose(x, filters, output_shape, strides, padding, dilations=(1, 1)):
    """The gradient of conv2d by its input; filters (kh, kw, outputs, channels)."""
    assert padding == "VALID"
    kh, kw, outputs, channels = filters.shape
    n, h, w, c = x.shape
    assert c == channels and tuple(output_shape[::3]) == (n, outputs)
    for size, out, k, s, d in zip((h, w), output_shape[1:3], (kh, kw), strides, dilations):
        assert size == -(-(out - (k - 1) * d) // s), "conv2d would not give the input's size"
    y = np.zeros(output_shape, x.dtype)
    for p in range(h):
        for q in range(w):
            for r in range(kh):
                for s in range(kw):
                    y[:, p * strides[0] + r * dilations[0], q * strides[1] + s * dilations[1]] += x[:, p, q] @ filters[r, s].T
    return y


def bias_add(y, b):
    return y + b


def max_pool2d(x, ksize, strides, padding):
    assert padding == "VALID"
    return _windows(x, ksize, strides, (1, 1)).max(axis=(4, 5))


def avg_pool2d(x, ksize, strides, padding):
    assert padding == "VALID"
    return _windows(x, ksize, strides, (1, 1)).mean(axis=(4, 5), dtype=x.dtype)


def pool(x, window_shape, pooling_type, strides=(1, 1), padding="VALID", dilations=(1, 1)):
    assert pooling_type == "MAX" and padding == "VALID"
    assert max(strides) == 1 or max(dilations) == 1, "strides > 1 not supported in conjunction with dilations > 1"
    return _windows(x, window_shape, strides, dilations).max(axis=(4, 5))
