import numpy as np

from . import nn


class _Layer:
    def build(self, shape):
        assert len(shape) == 4
        self.built = True


class _Conv(_Layer):
    def __init__(self, filters, kernel_size, strides, padding, use_bias, dtype, dilation_rate=(1, 1), groups=1):
        assert padding in ("valid", "same")
        if max(strides) > 1 and max(dilation_rate) > 1:
            raise ValueError("`strides > 1` not supported in conjunction with `dilation_rate > 1`")
        self.filters, self.kernel_size, self.strides, self.padding = filters, kernel_size, strides, padding
        self.use_bias, self.dtype, self.dilation_rate, self.groups = use_bias, dtype, dilation_rate, groups

    def set_weights(self, weights):
        assert self.built and len(weights) == 1 + self.use_bias
        self.kernel = weights[0]
        self.bias = weights[1] if self.use_bias else 0
        assert self.kernel.shape[:2] == tuple(self.kernel_size) and self.kernel.dtype == self.dtype


class layers:
    class Conv2D(_Conv):
        def __call__(self, x):
            assert self.kernel.shape[2:] == (x.shape[3] // self.groups, self.filters) and x.dtype == self.dtype
            return nn.conv2d(x, self.kernel, self.strides, self.padding.upper(), self.dilation_rate) + self.bias

    class Conv2DTranspose(_Conv):
        def __call__(self, x):
            assert self.kernel.shape[2:] == (self.filters, x.shape[3]) and self.padding == "valid"
            # keras: deconv_output_length()
            size = [n * s + max(k - s, 0) for n, k, s in zip(x.shape[1:3], self.kernel_size, self.strides)]
            return nn.conv2d_transpose(x, self.kernel, (len(x), *size, self.filters), self.strides, "VALID") + self.bias

    class ZeroPadding2D(_Layer):
        def __init__(self, padding, dtype):
            self.padding = padding

        def __call__(self, x):
            return np.pad(x, ((0, 0), *self.padding, (0, 0)))

    class Cropping2D(_Layer):
        def __init__(self, cropping, dtype):
            self.cropping = cropping

        def __call__(self, x):
            (top, bottom), (left, right) = self.cropping
            return x[:, top:x.shape[1] - bottom, left:x.shape[2] - right]


class Sequential(_Layer):
    def __init__(self, layers):
        self.layers = layers

    def build(self, shape):
        for layer in self.layers:
            layer.build(shape)

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
