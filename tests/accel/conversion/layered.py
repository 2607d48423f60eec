"""Models of every kind of layer that converts, by name."""

from collections.abc import Callable

from accel.qkeras_compat import keras, qkeras
from tests.accel.conversion.models import bits, chain, dense, draw_weights, recurrent

L = keras.layers
Layers = list[keras.layers.Layer]
STEPS, CHANNELS = 6, 3


def start() -> keras.layers.Layer:
    return qkeras.QActivation(bits(6, 1))


def conv(filters: int = 4, taps: int = 3, **options: object) -> keras.layers.Layer:
    """Return a `QConv1D` with 5-bit weights."""
    return qkeras.QConv1D(
        filters, taps, **{"kernel_quantizer": bits(5), "bias_quantizer": bits(6, 1), **options}
    )


def separable(**options: object) -> keras.layers.Layer:
    return qkeras.QSeparableConv1D(
        4, 3, depthwise_quantizer=bits(5), pointwise_quantizer=bits(5),
        bias_quantizer=bits(6, 1), **options,
    )  # fmt: skip


def rnn(kind: type = qkeras.QGRU, units: int = 3, **options: object) -> keras.layers.RNN:
    return recurrent(kind, units, **options)


def act(width: int = 6, integer: int = 1) -> keras.layers.Layer:
    return qkeras.QActivation(bits(width, integer))


def both(kind: type, merge: str, **options: object) -> keras.layers.Layer:
    return L.Bidirectional(rnn(kind, **options), merge_mode=merge)


CHAINS: dict[str, Callable[[], Layers]] = {
    "simple rnn": lambda: [rnn(qkeras.QSimpleRNN), dense(2)],
    "simple rnn, sequences": lambda: [rnn(qkeras.QSimpleRNN, return_sequences=True), act()],
    "stacked lstm": lambda: [rnn(qkeras.QLSTM, return_sequences=True), rnn(qkeras.QLSTM, 2)],
    "stacked gru of both forms": lambda: [
        rnn(return_sequences=True), act(), rnn(reset_after=True, units=2), dense(2),
    ],
    "three kinds": lambda: [
        rnn(qkeras.QSimpleRNN, return_sequences=True), rnn(qkeras.QLSTM, return_sequences=True),
        rnn(units=2),
    ],
    "backwards": lambda: [rnn(go_backwards=True), dense(2)],
    "backwards, sequences": lambda: [
        rnn(qkeras.QLSTM, go_backwards=True, return_sequences=True), dense(2),
    ],
    "no bias": lambda: [
        rnn(qkeras.QSimpleRNN, use_bias=False, return_sequences=True),
        rnn(qkeras.QLSTM, use_bias=False, return_sequences=True),
        rnn(use_bias=False, reset_after=True),
    ],
    **{
        f"bidirectional {merge}{', sequences' if sequences else ''}": (
            lambda merge=merge, sequences=sequences, kind=kind: [
                both(kind, merge, return_sequences=sequences), act(5, 1),
                *([] if sequences else [dense(2)]),
            ]
        )
        for merge, sequences, kind in (
            ("concat", False, qkeras.QLSTM), ("concat", True, qkeras.QGRU),
            ("sum", True, qkeras.QSimpleRNN), ("mul", False, qkeras.QGRU),
            ("mul", True, qkeras.QSimpleRNN), ("ave", False, qkeras.QSimpleRNN),
            ("ave", True, qkeras.QLSTM),
        )
    },
    "dense on steps": lambda: [dense(3, activation=qkeras.quantized_relu(5, 1)), dense(2)],
    "time distributed": lambda: [L.TimeDistributed(dense(3)), act(), L.Flatten(), dense(2)],
    "conv valid": lambda: [conv(), act(), L.Flatten(), dense(2)],
    "conv causal": lambda: [conv(padding="causal", activation=qkeras.quantized_relu(5, 1))],
    "conv causal and lstm": lambda: [conv(padding="causal"), act(), rnn(qkeras.QLSTM), dense(2)],
    "conv same": lambda: [conv(padding="same"), act(), conv(2, 2)],
    "zero padding, causal": lambda: [
        L.ZeroPadding1D((4, 0)), conv(dilation_rate=2), act(),
        L.ZeroPadding1D((2, 0)), separable(strides=2), dense(2),
    ],
    "zero padding, same": lambda: [L.ZeroPadding1D(1), conv(), act(), L.Flatten(), dense(2)],
    "conv dilated": lambda: [conv(padding="causal", dilation_rate=2), act(), conv(2, 2)],
    "conv strided": lambda: [conv(strides=2), act(), L.Flatten(), dense(2)],
    "conv pointwise": lambda: [conv(5, 1), act(), conv(2, 1, use_bias=False)],
    "separable": lambda: [separable(), act(), separable(padding="causal")],
    "separable, same": lambda: [separable(padding="same", strides=2), act(), dense(2)],
    "max pooling": lambda: [conv(padding="causal"), act(), L.MaxPooling1D(2), dense(2)],
    "max pooling, overlapping": lambda: [L.MaxPooling1D(3, strides=1), dense(2)],
    "average pooling": lambda: [L.AveragePooling1D(3, strides=2), act(7, 1), dense(2)],
    "average of two": lambda: [L.AveragePooling1D(2), dense(2)],
    "global maximum": lambda: [conv(), act(), L.GlobalMaxPooling1D(), dense(2)],
    "global average": lambda: [conv(padding="same"), act(), L.GlobalAveragePooling1D(), act(),
                               dense(2)],
    "leaky relu": lambda: [L.LeakyReLU(0.125), dense(2)],
    "relu": lambda: [L.Activation("relu"), L.ReLU(1.5), L.ReLU(negative_slope=0.25), dense(2)],
    "float activations": lambda: [
        L.Activation("tanh"), act(6, 0), L.Activation("sigmoid"), act(7, 0),
        L.Activation("hard_sigmoid"), act(8, 0), L.Activation("softsign"), act(9, 0), dense(2),
    ],
    "cropping": lambda: [L.Cropping1D((1, 2)), dense(2)],
    "reshape": lambda: [L.Reshape((3, 6)), dense(2), act(), L.Reshape((6, 1)), rnn()],
    "permute": lambda: [L.Permute((2, 1)), dense(2)],
    "repeat": lambda: [rnn(), act(), L.RepeatVector(4), rnn(qkeras.QSimpleRNN), dense(2)],
    "encoder and decoder": lambda: [
        rnn(qkeras.QLSTM), act(), L.RepeatVector(3), rnn(qkeras.QLSTM, return_sequences=True),
        L.TimeDistributed(dense(1)), L.Flatten(),
    ],
    "training only": lambda: [L.SpatialDropout1D(0.2), L.GaussianNoise(0.1), conv(), act()],
}  # fmt: skip
"""Layers behind a quantized input ``(STEPS, CHANNELS)``."""


def functional(build: Callable[..., object], seed: int = 0) -> keras.Model:
    """Return the model of `build`, a function of the quantized window."""
    window = keras.Input((STEPS, CHANNELS))
    model = keras.Model(window, build(start()(window)))
    draw_weights(model, seed)
    return model


def _normalized(x: object) -> object:
    mean = act(8, 1)(L.GlobalAveragePooling1D()(x))
    return dense(2)(rnn()(act(6, 2)(L.Subtract()([x, mean]))))


def _mean_returned(x: object) -> object:
    mean = act(8, 1)(L.GlobalAveragePooling1D()(x))
    flat = L.Flatten()(act(6, 2)(L.Subtract()([x, mean])))
    return L.Add()([act(8, 2)(dense(CHANNELS)(flat)), mean])


def _residual(x: object) -> object:
    branch = act()(conv(CHANNELS, padding="causal")(x))
    return L.Add()([x, branch])


def _attention(x: object) -> object:
    gate = qkeras.QActivation(qkeras.quantized_sigmoid(4))(dense(CHANNELS)(x))
    return L.Multiply()([x, gate])


def _joined(x: object) -> object:
    left = act(5, 0)(conv(2, padding="causal")(x))
    right = act(7, 2)(dense(3)(x))
    return dense(2)(rnn()(L.Concatenate()([left, right, x])))


def _averaged(x: object) -> object:
    parts = [act()(dense(2)(x)) for _ in range(3)]
    return act(7, 1)(L.Average()(parts))


def _averaged_exactly(x: object) -> object:
    return L.Average()([act()(dense(2)(x)), act(5, 0)(dense(2)(x))])


def _static(x: object) -> object:
    last = act()(rnn()(x))
    return L.Multiply()([act()(dense(3)(x)), last])


def _doubled(x: object) -> object:
    return L.Add()([x, x])


GRAPHS: dict[str, Callable[[], keras.Model]] = {
    "window mean subtracted": lambda: functional(_normalized),
    "window mean given back": lambda: functional(_mean_returned),
    "residual": lambda: functional(_residual),
    "gated": lambda: functional(_attention),
    "concatenated": lambda: functional(_joined),
    "average of three": lambda: functional(_averaged),
    "average of two inputs": lambda: functional(_averaged_exactly),
    "state beside steps": lambda: functional(_static),
    "added to itself": lambda: functional(_doubled),
}


def _depthwise() -> keras.Model:
    layer = L.DepthwiseConv1D(3, depth_multiplier=2, depthwise_constraint=bits(5))
    return on_grid(chain([start(), layer, act(), dense(2)], (STEPS, CHANNELS)))


def _plain_keras() -> keras.Model:
    layers = [L.Conv1D(3, 2, activation="relu"), act(6, 2), L.Dense(2)]
    return on_grid(chain([start(), *layers], (STEPS, CHANNELS)))


def on_grid(model: keras.Model) -> keras.Model:
    """Round all weights to 32nds."""
    model.set_weights([(w * 32).round() / 32 for w in model.get_weights()])
    return model


def _batch_normalized() -> keras.Model:
    layer = qkeras.QBatchNormalization(
        epsilon=0.0, gamma_quantizer=qkeras.quantized_relu_po2(4, 2),
        variance_quantizer=qkeras.quantized_relu_po2(4, quadratic_approximation=True),
        mean_quantizer=bits(5, 1), beta_quantizer=bits(5, 1),
    )  # fmt: skip
    model = chain([start(), conv(), act(), layer, act(), dense(2)], (STEPS, CHANNELS))
    layer.set_weights([abs(w) + 0.3 * (n == 3) for n, w in enumerate(layer.get_weights())])
    return model


OTHERS: dict[str, Callable[[], keras.Model]] = {
    "depthwise": _depthwise,
    "Keras's own layers": _plain_keras,
    "batch normalization": _batch_normalized,
}


def model_of(name: str) -> keras.Model:
    """Return the model called `name`."""
    if name in CHAINS:
        return chain([start(), *CHAINS[name]()], (STEPS, CHANNELS))
    return {**GRAPHS, **OTHERS}[name]()


NAMES = (*CHAINS, *GRAPHS, *OTHERS)
