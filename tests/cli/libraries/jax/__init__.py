"""What `convscope code --as jax` calls, on NumPy: as JAX's documentation defines it, for machines without JAX.

Source: https://docs.jax.dev/en/latest/jax.lax.html, conv_general_dilated and reduce_window (XLA's operations).
"""
from . import lax, numpy  # noqa: F401


def jit(function):
    return function


class config:
    @staticmethod
    def update(name, value):
        assert (name, value) == ("jax_enable_x64", True)
