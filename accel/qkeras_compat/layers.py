"""Cures of QKeras's layers, and of what they ask for by name."""

import warnings
from collections.abc import Callable
from types import SimpleNamespace

from accel.qkeras_compat.stack import keras, qkeras, tf

NAMED = ("hard_tanh", "binary_tanh", "binary_sigmoid")
"""Functions that QKeras leaves out and Keras does not have; `Bidirectional` asks for them."""


def mend() -> None:
    """Apply the cures."""
    _mend_recurrent_layers()
    _mend_causal_padding()
    _mend_initializer()
    for name in NAMED:
        keras.utils.get_custom_objects()[name] = getattr(qkeras.quantizers, name)


def _mend_recurrent_layers() -> None:
    # These are all that qkeras.qrecurrent uses of TensorFlow's private nest and array_ops.
    qkeras.qrecurrent.nest = SimpleNamespace(is_sequence=tf.nest.is_nested)
    qkeras.qrecurrent.array_ops = SimpleNamespace(split=tf.split, unstack=tf.unstack)


def _mend_causal_padding() -> None:
    # Keras asks for the inputs' rank since 2.5; QKeras calls without them.
    def padding(self: qkeras.QSeparableConv1D, *_: object) -> list[list[int]]:
        """Return the steps of zeros in front of ``(batch, steps, channels)``."""
        return [[0, 0], [self.dilation_rate[0] * (self.kernel_size[0] - 1), 0], [0, 0]]

    qkeras.QSeparableConv1D._compute_causal_padding = padding


def _mend_initializer() -> None:
    # QInitializer draws a second time where the first draw is too narrow, and Keras warns of it.
    stock: Callable[..., tf.Tensor] = qkeras.QInitializer.__call__

    def call(self: qkeras.QInitializer, *arguments: object, **options: object) -> tf.Tensor:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"The initializer \w+ is unseeded", UserWarning)
            return stock(self, *arguments, **options)

    qkeras.QInitializer.__call__ = call
