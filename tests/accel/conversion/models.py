"""Small QKeras models for the tests, with weights drawn from a fixed seed."""

from collections.abc import Sequence

import numpy as np

from accel.qkeras_compat import keras, qkeras


def bits(width: int, integer: int = 0, **options: object) -> qkeras.quantized_bits:
    """Return `quantized_bits` with the scale that converts."""
    return qkeras.quantized_bits(width, integer, **{"alpha": 1, **options})


def dense(units: int, **options: object) -> qkeras.QDense:
    """Return a `QDense` with 6-bit weights."""
    return qkeras.QDense(
        units, **{"kernel_quantizer": bits(6), "bias_quantizer": bits(8, 1), **options}
    )


def recurrent(kind: type, units: int = 3, **options: object) -> keras.layers.RNN:
    """Return a `QSimpleRNN`, `QLSTM` or `QGRU` with everything quantized."""
    settings = {
        "activation": qkeras.quantized_tanh(8),
        "recurrent_activation": qkeras.quantized_sigmoid(8),
        "kernel_quantizer": bits(6),
        "recurrent_quantizer": bits(6),
        "bias_quantizer": bits(8, 1),
        "state_quantizer": bits(8),
    }
    if kind is qkeras.QSimpleRNN:
        del settings["recurrent_activation"]
    return kind(units, **{**settings, **options})


def chain(
    layers: Sequence[keras.layers.Layer], shape: tuple[int, ...] = (4, 2), seed: int = 0
) -> keras.Sequential:
    """Return a Sequential model with drawn weights."""
    model = keras.Sequential([keras.layers.Input(shape), *layers])
    draw_weights(model, seed)
    return model


def draw_weights(model: keras.Model, seed: int) -> None:
    """Give `model` normal weights, some of them beyond every range."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.7, weight.shape) for weight in model.get_weights()])


def named(name: str, layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return `layer` under a name that messages can be checked for."""
    layer._name = name
    return layer
