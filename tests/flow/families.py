"""Families of drawn models: every kind of layer and quantizer that converts."""

from collections.abc import Callable

import numpy as np

from accel.qkeras_compat import keras, qkeras, tf
from tests.flow.drawing import SERIES, Draw

L = keras.layers


def activation(draw: Draw) -> object:
    """Return any quantizer of activations."""
    return draw.pick([
        draw.bits(),
        qkeras.quantized_bits(draw.number(2, 6), 1, alpha=draw.pick([0.5, 2.0, 4.0])),
        qkeras.quantized_relu(draw.number(2, 6), draw.number(0, 2)),
        qkeras.quantized_relu(draw.number(4, 6), 1, negative_slope=draw.pick([0.125, 0.25, 1.0])),
        qkeras.quantized_relu(5, 2, relu_upper_bound=1.5, is_quantized_clip=False),
        qkeras.quantized_tanh(draw.number(2, 7), symmetric=draw.pick([False, True])),
        qkeras.quantized_tanh(draw.number(2, 7), symmetric=draw.pick([False, True]),
                              use_real_tanh=True),
        qkeras.quantized_sigmoid(draw.number(2, 7), symmetric=draw.pick([False, True])),
        qkeras.quantized_sigmoid(draw.number(2, 7), symmetric=draw.pick([False, True]),
                                 use_real_sigmoid=True),
        qkeras.quantized_hswish(draw.number(4, 7), draw.number(0, 2), alpha=1),
        qkeras.binary(use_01=draw.pick([False, True]), alpha=draw.pick([1.0, 0.5])),
        qkeras.ternary(alpha=draw.pick([1.0, 2.0]), threshold=draw.pick([0.25, 0.4])),
        qkeras.stochastic_binary(alpha=1.0),
        qkeras.stochastic_ternary(alpha=1.0, threshold=0.3),
        qkeras.quantized_po2(draw.number(2, 4), max_value=draw.pick([1, 2])),
        qkeras.quantized_relu_po2(draw.number(2, 3), max_value=draw.pick([1, 4])),
        qkeras.hard_sigmoid,
        qkeras.hard_tanh,
    ])  # fmt: skip


def weights(draw: Draw) -> object:
    """Return any quantizer of weights."""
    return draw.pick([
        draw.bits(high=6),
        qkeras.quantized_bits(draw.number(2, 5), draw.number(0, 1), alpha=draw.pick([0.5, 2.0])),
        qkeras.quantized_bits(draw.number(2, 5), 0, symmetric=1, alpha="auto_po2"),
        qkeras.quantized_bits(1, 0, alpha=1),
        qkeras.ternary(alpha=draw.pick([1.0, "auto_po2"])),
        qkeras.stochastic_ternary(alpha="auto_po2"),
        qkeras.binary(alpha=draw.pick([1.0, "auto_po2"])),
        qkeras.quantized_po2(draw.number(2, 4), max_value=draw.pick([1, 2])),
    ])  # fmt: skip


def rounding(draw: Draw) -> keras.layers.Layer:
    """Return a layer that rounds to few bits, so that formats do not grow without end."""
    return qkeras.QActivation(draw.bits(3, 6, 1))


def start(draw: Draw, steps: int, features: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return an input and its quantized values."""
    window = x = keras.Input((steps, features))
    for layer in draw.start():
        x = layer(x)
    return window, x


def dense(draw: Draw, units: int | None = None, **options: object) -> keras.layers.Layer:
    """Return a `QDense` with any quantizers, with an activation argument or without."""
    return qkeras.QDense(
        units or draw.number(1, 5),
        use_bias=draw.pick([True, False]),
        **{
            "kernel_quantizer": weights(draw),
            "bias_quantizer": weights(draw),
            "activation": draw.pick([None, None, activation(draw)]),
            **options,
        },
    )


def cell(draw: Draw, **options: object) -> keras.layers.RNN:
    """Return a recurrent layer of any kind."""
    kind = draw.pick([qkeras.QSimpleRNN, qkeras.QLSTM, qkeras.QGRU, qkeras.QGRU])
    more: dict[str, object] = {}
    if kind is not qkeras.QSimpleRNN:
        more["recurrent_activation"] = draw.pick([
            draw.gate(), qkeras.quantized_sigmoid(draw.number(3, 6), use_real_sigmoid=True),
        ])  # fmt: skip
    if kind is qkeras.QGRU:
        more["reset_after"] = draw.pick([False, True])
    return kind(
        draw.number(1, 4),
        activation=draw.pick([
            draw.squashing(), qkeras.quantized_tanh(draw.number(3, 6), use_real_tanh=True),
            qkeras.ternary(alpha=1.0, threshold=0.25),
        ]),
        use_bias=draw.pick([True, True, False]),
        kernel_quantizer=draw.pick([draw.bits(high=5), qkeras.ternary(alpha=1.0)]),
        recurrent_quantizer=draw.pick([draw.bits(high=5), qkeras.quantized_po2(3, max_value=1)]),
        bias_quantizer=draw.bits(integer=1),
        state_quantizer=draw.bits(3, 6, 1),
        **more, **options,
    )  # fmt: skip


def quantizers(draw: Draw) -> keras.Model:
    """Return dense layers with any quantizers, flat or on every step."""
    window, x = start(draw, draw.number(1, 4), draw.number(1, 4))
    if draw.number(0, 2):
        x = L.Flatten()(x)
    for _ in range(draw.number(1, 3)):
        x = qkeras.QActivation(activation(draw))(dense(draw)(x))
    if draw.number(0, 1):
        curve = draw.pick(["tanh", "sigmoid", "softsign", "hard_sigmoid"])
        x = qkeras.QActivation(draw.bits(3, 6, 1))(L.Activation(curve)(x))
    return keras.Model(window, dense(draw)(x))


def recurrent(draw: Draw) -> keras.Model:
    """Return recurrent layers behind one another, some backwards or in both directions."""
    window, x = start(draw, draw.number(2, 5), draw.number(1, 3))
    for last in (False,) * draw.number(0, 1) + (True,):
        sequences = not last or draw.number(0, 3) == 0
        form = draw.number(0, 3)
        if form == 0:
            merge = draw.pick(["concat", "sum", "mul", "ave"])
            x = L.Bidirectional(cell(draw, return_sequences=sequences), merge_mode=merge)(x)
        else:
            x = cell(draw, return_sequences=sequences, go_backwards=form == 1)(x)
        x = rounding(draw)(x)
    if len(x.shape) == 2 and draw.number(0, 2) == 0:
        x = L.RepeatVector(draw.number(2, 3))(x)
        x = cell(draw)(x)
    if len(x.shape) == 3 and draw.number(0, 1):
        return keras.Model(window, L.TimeDistributed(dense(draw, activation=None))(x))
    return keras.Model(window, dense(draw)(x))


def convolutional(draw: Draw) -> keras.Model:
    """Return convolutions and pooling, then what looks at all steps."""
    window, x = start(draw, draw.number(4, 9), draw.number(1, 3))
    for _ in range(draw.number(1, 2)):
        x = rounding(draw)(_convolution(draw, int(x.shape[1]))(x))
        if x.shape[1] >= 2 and draw.number(0, 2) == 0:
            pool = draw.pick([L.MaxPooling1D, L.AveragePooling1D])
            x = rounding(draw)(pool(draw.number(1, min(3, x.shape[1])), draw.number(1, 2))(x))
    if draw.number(0, 3) == 0:
        x = qkeras.QBatchNormalization(
            epsilon=0.0, gamma_quantizer=qkeras.quantized_relu_po2(3, 2),
            variance_quantizer=qkeras.quantized_relu_po2(3, 4, quadratic_approximation=True),
            mean_quantizer=draw.bits(), beta_quantizer=draw.bits(),
        )(x)  # fmt: skip
        x = rounding(draw)(x)
    end = draw.number(0, 4)
    if end == 0:
        x = rounding(draw)(L.GlobalAveragePooling1D()(x))
    elif end == 1:
        x = L.GlobalMaxPooling1D()(x)
    elif end == 2:
        x = L.Flatten()(x)
    elif end == 3:
        x = cell(draw)(L.LeakyReLU(draw.pick([0.125, 0.5]))(x))
    return keras.Model(window, dense(draw)(x))


def _convolution(draw: Draw, steps: int) -> keras.layers.Layer:
    """Return a convolution that a window of `steps` has room for."""
    taps = draw.number(1, min(3, steps))
    dilation = draw.number(1, 2) if (taps - 1) * 2 < steps else 1
    stride = draw.number(1, 2) if dilation == 1 else 1
    options = {
        "strides": stride, "dilation_rate": dilation,
        "padding": draw.pick(["valid", "causal", "same"]), "use_bias": draw.pick([True, False]),
    }  # fmt: skip
    form = draw.number(0, 3)
    if form == 0:
        options["padding"] = draw.pick(["valid", "same"])
        return L.DepthwiseConv1D(taps, depth_multiplier=draw.number(1, 2), **options)
    if form == 1:
        return qkeras.QSeparableConv1D(
            draw.number(1, 4), taps, depthwise_quantizer=draw.bits(high=5),
            pointwise_quantizer=draw.bits(high=5), bias_quantizer=draw.bits(integer=1),
            activation=draw.pick([None, draw.squashing()]), **options,
        )  # fmt: skip
    return qkeras.QConv1D(
        draw.number(1, 4), taps, kernel_quantizer=weights(draw), bias_quantizer=weights(draw),
        activation=draw.pick([None, activation(draw)]), **options,
    )  # fmt: skip


def graph(draw: Draw) -> keras.Model:
    """Return a model with branches that meet again."""
    steps, features = draw.number(2, 6), draw.number(1, 3)
    window, x = start(draw, steps, features)
    end = draw.number(0, 5)
    if end == 0:  # the window's mean, subtracted and given back
        mean = rounding(draw)(L.GlobalAveragePooling1D()(x))
        y = rounding(draw)(L.Subtract()([x, mean]))
        y = rounding(draw)(dense(draw, features, activation=None)(L.Flatten()(y)))
        return keras.Model(window, L.Add()([y, mean]))
    if end == 1:  # a gate
        gate = dense(draw, features, activation=qkeras.quantized_sigmoid(4))(x)
        return keras.Model(window, dense(draw)(rounding(draw)(L.Multiply()([x, gate]))))
    if end == 2:  # branches side by side
        parts = [rounding(draw)(dense(draw)(x)), cell(draw, return_sequences=True)(x), x]
        order = np.array([draw.number(0, 9) for _ in parts]).argsort()
        joined = L.Concatenate()([parts[place] for place in order])
        return keras.Model(window, cell(draw)(rounding(draw)(joined)))
    if end == 3:  # averages
        parts = [rounding(draw)(dense(draw, 2)(x)) for _ in range(draw.number(2, 3))]
        return keras.Model(window, rounding(draw)(L.Average()(parts)))
    if end == 4:  # a state beside the steps that it came from
        state = rounding(draw)(cell(draw)(x))
        units = int(state.shape[-1])
        y = L.Add()([rounding(draw)(dense(draw, units)(x)), state])
        return keras.Model(window, dense(draw)(rounding(draw)(y)))
    y = L.Reshape((features, steps))(L.Permute((2, 1))(x))  # other orders, fewer steps
    y = L.Cropping1D((draw.number(0, features - 1), 0))(y)
    return keras.Model(window, dense(draw)(L.ReLU(max_value=1.0)(y)))


def stream(draw: Draw) -> keras.Model:
    """Return recurrent layers that keep their state, fed one sample at a time."""
    window = x = L.Input((1, draw.number(1, 4)), batch_size=SERIES)
    for layer in draw.start():
        x = layer(x)
    for last in (False,) * draw.number(0, 1) + (True,):
        sequences = not last or draw.number(0, 3) == 0
        x = cell(draw, stateful=True, return_sequences=sequences)(x)
        if draw.number(0, 1):
            x = rounding(draw)(x)
    if draw.number(0, 2):
        x = dense(draw)(x)
    return keras.Model(window, x)


FAMILIES: dict[str, Callable[[Draw], keras.Model]] = {
    "quantizers": quantizers,
    "recurrent": recurrent,
    "convolutional": convolutional,
    "graph": graph,
    "stream": stream,
}
"""By kind; those of `tests.flow.drawing` are chains of one recurrent layer and dense layers."""
