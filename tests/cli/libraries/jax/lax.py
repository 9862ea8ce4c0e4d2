import numpy as np


class Precision:
    HIGHEST = "highest"


max = "max"
add = "add"


def _padded(x, padding, value):
    """One pair per axis; negative numbers cut."""
    for axis, (low, high) in enumerate(padding):
        x = np.pad(x, [(0, 0)] * axis + [(low if low > 0 else 0, high if high > 0 else 0)] +
                   [(0, 0)] * (x.ndim - axis - 1), constant_values=value)
        kept = slice(-low if low < 0 else 0, x.shape[axis] + (high if high < 0 else 0))
        x = x[(slice(None),) * axis + (kept,)]
    return x


def _conv_of_volumes(lhs, rhs, strides, padding, lhs_dilation, rhs_dilation, groups):
    assert tuple(lhs_dilation) == (1, 1, 1) and lhs.shape[1] == rhs.shape[1] * groups
    base = _padded(lhs, ((0, 0), (0, 0)) + tuple(padding), 0)
    reach = [(k - 1) * d + 1 for k, d in zip(rhs.shape[2:], rhs_dilation)]
    windows = np.lib.stride_tricks.sliding_window_view(base, reach, axis=(2, 3, 4))
    windows = windows[(slice(None), slice(None), *(slice(None, None, s) for s in strides),
                       *(slice(None, None, d) for d in rhs_dilation))]
    pairs = zip(np.split(windows, groups, axis=1), np.split(rhs, groups))
    return np.concatenate([np.einsum("ncdpqtrs,octrs->nodpq", x, k) for x, k in pairs], axis=1)


def conv_general_dilated(lhs, rhs, window_strides, padding, lhs_dilation=(1, 1), rhs_dilation=(1, 1), *,
                         dimension_numbers, feature_group_count=1, precision=None):
    if dimension_numbers == ("NCDHW", "OIDHW", "NCDHW"):
        return _conv_of_volumes(lhs, rhs, window_strides, padding, lhs_dilation, rhs_dilation, feature_group_count)
    assert dimension_numbers == ("NCHW", "OIHW", "NCHW") and precision == Precision.HIGHEST
    n, c, h, w = lhs.shape
    o, i, kh, kw = rhs.shape
    assert c == i * feature_group_count and o % feature_group_count == 0
    base = np.zeros((n, c, (h - 1) * lhs_dilation[0] + 1, (w - 1) * lhs_dilation[1] + 1), lhs.dtype)
    base[:, :, ::lhs_dilation[0], ::lhs_dilation[1]] = lhs
    base = _padded(base, ((0, 0), (0, 0)) + tuple(padding), 0)
    reach = [(k - 1) * d + 1 for k, d in zip((kh, kw), rhs_dilation)]
    windows = np.lib.stride_tricks.sliding_window_view(base, reach, axis=(2, 3))
    windows = windows[:, :, ::window_strides[0], ::window_strides[1], ::rhs_dilation[0], ::rhs_dilation[1]]
    groups = np.split(windows, feature_group_count, axis=1), np.split(rhs, feature_group_count)
    return np.concatenate([np.einsum("ncpqrs,ocrs->nopq", x, k) for x, k in zip(*groups)], axis=1)


def reduce_window(operand, init_value, computation, window_dimensions, window_strides, padding,
                  base_dilation=None, window_dilation=(1, 1, 1, 1)):
    assert base_dilation is None and init_value == {max: -np.inf, add: 0}[computation]
    reach = [(k - 1) * d + 1 for k, d in zip(window_dimensions, window_dilation)]
    windows = np.lib.stride_tricks.sliding_window_view(_padded(operand, padding, init_value), reach)
    windows = windows[tuple(slice(None, None, s) for s in window_strides) +
                      tuple(slice(None, None, d) for d in window_dilation)]
    axes = tuple(range(4, 8))
    return windows.max(axis=axes) if computation == max else windows.sum(axis=axes)
