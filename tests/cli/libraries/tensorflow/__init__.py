"""What `convscope code --as tensorflow` calls, on NumPy: as TensorFlow's documentation defines it, for machines without
TensorFlow. Channels stand last.

Source: https://www.tensorflow.org/api_docs/python/tf/nn, conv2d, conv2d_transpose, avg_pool2d, max_pool2d, pool; and
https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2.
"""
import numpy as np
from numpy import ones_like  # noqa: F401

from . import keras, nn  # noqa: F401

constant = np.asarray


def pad(x, paddings, mode="CONSTANT", constant_values=0):
    assert len(paddings) == x.ndim and np.min(paddings) >= 0
    if mode == "REFLECT":
        return np.pad(x, paddings, "reflect")
    return np.pad(x, paddings, constant_values=constant_values)


def split(x, pieces, axis):
    return np.split(x, pieces, axis)


def concat(xs, axis):
    return np.concatenate(xs, axis)
