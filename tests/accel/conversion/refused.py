"""Layers that are refused: what they are, who is named with which problem, and the remedy."""

from collections.abc import Callable

from accel.qkeras_compat import keras, qkeras
from tests.accel.conversion.models import bits, dense, named, recurrent

L = keras.layers
Build = Callable[[], list[keras.layers.Layer]]


def start() -> qkeras.QActivation:
    return named("in", qkeras.QActivation(bits(8, 2)))


def gru(**options: object) -> keras.layers.Layer:
    return named("cell", recurrent(qkeras.QGRU, **options))


def lstm(**options: object) -> keras.layers.Layer:
    return named("cell", recurrent(qkeras.QLSTM, **options))


def head(**options: object) -> list[keras.layers.Layer]:
    return [start(), named("flat", L.Flatten()), named("head", dense(2, **options))]


def act(quantizer: object) -> list[keras.layers.Layer]:
    return [start(), named("act", qkeras.QActivation(quantizer))]


REFUSED: dict[str, tuple[Build, str, str]] = {
    # what: layers, who is named with which problem, the remedy
    "unsupported layer": (
        lambda: [start(), named("conv", qkeras.QConv1D(2, 2))],
        "layer 'conv': QConv1D is not supported",
        "build the model from",
    ),
    "float dense": (
        lambda: [start(), named("float", L.Dense(2))],
        "layer 'float': Dense is not supported",
        "QDense",
    ),
    "float activation": (
        lambda: [start(), named("act", L.Activation("relu"))],
        "layer 'act': the float activation relu",
        "use QActivation",
    ),
    "simple rnn": (
        lambda: [start(), named("rnn", qkeras.QSimpleRNN(2))],
        "layer 'rnn': QSimpleRNN is not supported",
        "build the model from",
    ),
    "alpha auto": (
        lambda: head(kernel_quantizer=bits(6, alpha="auto")),
        "layer 'head': kernel_quantizer has alpha='auto'",
        "write alpha=1",
    ),
    "alpha auto_po2": (
        lambda: head(kernel_quantizer=bits(6, alpha="auto_po2")),
        "layer 'head': kernel_quantizer has alpha='auto_po2'",
        "write alpha=1",
    ),
    "alpha None": (
        lambda: head(kernel_quantizer=bits(6, alpha=None)),
        "layer 'head': kernel_quantizer has alpha='auto_po2' (which alpha=None",
        "write alpha=1",
    ),
    "alpha a half": (
        lambda: head(kernel_quantizer=bits(6, alpha=0.5)),
        "layer 'head': kernel_quantizer has alpha=0.5",
        "write alpha=1",
    ),
    "alpha auto, recurrent": (
        lambda: [start(), gru(recurrent_quantizer=bits(6, alpha="auto"))],
        "layer 'cell': recurrent_quantizer has alpha='auto'",
        "write alpha=1",
    ),
    "alpha auto, activation": (
        lambda: act(bits(6, alpha="auto")),
        "layer 'act': activation has alpha='auto'",
        "write alpha=1",
    ),
    "no kernel quantizer": (
        lambda: head(kernel_quantizer=None),
        "layer 'head': kernel_quantizer is missing",
        "give it",
    ),
    "no bias quantizer": (
        lambda: head(bias_quantizer=None),
        "layer 'head': bias_quantizer is missing",
        "give it",
    ),
    "no kernel quantizer, lstm": (
        lambda: [start(), lstm(kernel_quantizer=None)],
        "layer 'cell': kernel_quantizer is missing",
        "give it",
    ),
    "no bias quantizer, lstm": (
        lambda: [start(), lstm(bias_quantizer=None)],
        "layer 'cell': bias_quantizer is missing",
        "give it",
    ),
    "no recurrent quantizer, gru": (
        lambda: [start(), gru(units=2, recurrent_quantizer=None)],
        "layer 'cell': recurrent_quantizer is missing (without it "
        "QKeras multiplies by the input kernel)",
        "give it",
    ),
    "no recurrent quantizer, lstm": (
        lambda: [start(), lstm(recurrent_quantizer=None)],
        "layer 'cell': recurrent_quantizer is missing",
        "give it",
    ),
    "no state quantizer, lstm": (
        lambda: [start(), lstm(state_quantizer=None)],
        "layer 'cell': state_quantizer is missing, so the state would grow",
        "give it",
    ),
    "no state quantizer, gru": (
        lambda: [start(), gru(state_quantizer=None)],
        "layer 'cell': state_quantizer is missing",
        "give it",
    ),
    "state no format": (
        lambda: [start(), gru(state_quantizer=qkeras.quantized_sigmoid(8))],
        "layer 'cell': state_quantizer is quantized_sigmoid",
        "use quantized_bits",
    ),
    "real tanh": (
        lambda: act(qkeras.quantized_tanh(8, use_real_tanh=True)),
        "layer 'act': activation has use_real_tanh=True",
        "write the hard form",
    ),
    "real sigmoid": (
        lambda: [
            start(),
            gru(recurrent_activation=qkeras.quantized_sigmoid(8, use_real_sigmoid=True)),
        ],
        "layer 'cell': recurrent_activation has use_real_sigmoid=True",
        "write the hard form",
    ),
    "real tanh in a string": (
        lambda: [start(), lstm(activation="quantized_tanh(8,use_real_tanh=True)")],
        "layer 'cell': activation has use_real_tanh=True",
        "write the hard form",
    ),
    "float tanh": (
        lambda: [start(), lstm(activation="tanh")],
        "layer 'cell': activation is tanh",
        "use quantized_bits",
    ),
    "Keras's hard sigmoid": (
        lambda: [start(), lstm(recurrent_activation=keras.activations.hard_sigmoid)],
        "layer 'cell': recurrent_activation is hard_sigmoid",
        "use quantized_bits",
    ),
    "symmetric sigmoid": (
        lambda: act(qkeras.quantized_sigmoid(8, symmetric=True)),
        "layer 'act': activation is quantized_sigmoid with symmetric=True",
        "write symmetric=False",
    ),
    "leaky relu": (
        lambda: act(qkeras.quantized_relu(8, 1, negative_slope=0.25)),
        "layer 'act': activation is quantized_relu with negative_slope=0.25",
        "leave negative_slope out",
    ),
    "relu upper bound": (
        lambda: act(qkeras.quantized_relu(8, 1, relu_upper_bound=1.5)),
        "layer 'act': activation is quantized_relu with relu_upper_bound=1.5",
        "leave relu_upper_bound out",
    ),
    "relu of sigmoid": (
        lambda: act(qkeras.quantized_relu(8, 1, use_sigmoid=1)),
        "layer 'act': activation is quantized_relu with use_sigmoid=1",
        "leave use_sigmoid out",
    ),
    "relu by name": (
        lambda: head(activation="relu"),
        "layer 'head': activation is relu",
        "use quantized_bits",
    ),
    "relu by name in QActivation": (
        lambda: act("relu"),
        "layer 'act': activation is relu",
        "use quantized_bits",
    ),
    "hard swish": (
        lambda: act(qkeras.quantized_hswish(8, alpha=1)),
        "layer 'act': activation is quantized_hswish",
        "use quantized_bits",
    ),
    "bernoulli": (
        lambda: act(qkeras.bernoulli(alpha=1)),
        "layer 'act': activation is bernoulli",
        "use quantized_bits",
    ),
    "reserved name": (
        lambda: [named("input", qkeras.QActivation(bits(8, 2)))],
        "layer 'input': hls4ml keeps this name",
        "another one",
    ),
    "powers of two": (
        lambda: head(kernel_quantizer=qkeras.quantized_po2(4)),
        "layer 'head': kernel_quantizer is quantized_po2",
        "use quantized_bits",
    ),
    "ternary activation": (
        lambda: act(qkeras.ternary(alpha=1)),
        "layer 'act': activation is ternary",
        "use quantized_bits",
    ),
    "binary bits": (
        lambda: head(kernel_quantizer=bits(1)),
        "layer 'head': kernel_quantizer has 1 bits",
        "use 2 to 30",
    ),
    "stochastic rounding": (
        lambda: act(bits(8, 2, use_stochastic_rounding=True)),
        "layer 'act': activation rounds at random",
        "use_stochastic_rounding=False",
    ),
    "partial quantization": (
        lambda: act(bits(8, 2, qnoise_factor=0.5)),
        "layer 'act': activation has qnoise_factor=0.5",
        "set qnoise_factor to 1",
    ),
    "return_sequences": (
        lambda: [start(), lstm(return_sequences=True)],
        "layer 'cell': return_sequences=True is not supported",
        "last step",
    ),
    "go_backwards": (
        lambda: [start(), gru(go_backwards=True)],
        "layer 'cell': go_backwards=True is not supported",
        "reverse the window",
    ),
    "dense on steps": (
        lambda: [start(), named("head", dense(2))],
        "layer 'head': QDense on every time step",
        "put a Flatten",
    ),
    "gru on a flat window": (
        lambda: [start(), named("flat", L.Flatten()), named("back", L.Reshape((2, 4))), gru()],
        "layer 'back': a reshape to (2, 4)",
        "reshape the window before",
    ),
    "no input format": (
        lambda: [named("flat", L.Flatten()), named("head", dense(2))],
        "has no number format",
        "begin the model with QActivation",
    ),
    "sigmoid as input format": (
        lambda: [named("act", qkeras.QActivation(qkeras.quantized_sigmoid(8)))],
        "has no number format",
        "begin the model with QActivation",
    ),
}
