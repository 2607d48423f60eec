"""Layers that are refused: what they are, who is named with which problem, and the remedy."""

from collections.abc import Callable

from accel.qkeras_compat import keras, qkeras
from tests.accel.conversion.models import bits, dense, named, recurrent

L = keras.layers
Build = Callable[[], list[keras.layers.Layer]]


QUANTIZED = {"kernel_quantizer": bits(5), "bias_quantizer": bits(6, 1)}


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
        lambda: [start(), named("up", L.UpSampling1D(2))],
        "layer 'up': UpSampling1D is not supported",
        "build the model from",
    ),
    "no kernel quantizer, conv": (
        lambda: [start(), named("conv", qkeras.QConv1D(2, 2))],
        "layer 'conv': kernel_quantizer is missing",
        "give it",
    ),
    "float dense": (
        lambda: [start(), named("float", L.Dense(2))],
        "layer 'float': kernel_quantizer is missing",
        "give it",
    ),
    "float activation": (
        lambda: [start(), named("act", L.Activation("tanh"))],
        "layer 'act': the float activation tanh has no exact hardware",
        "use_real_tanh=True",
    ),
    "smooth activation": (
        lambda: [start(), named("act", L.Activation("swish"))],
        "layer 'act': activation is swish",
        "use one of QKeras's quantizers",
    ),
    "float tanh": (
        lambda: [start(), lstm(activation="tanh")],
        "layer 'cell': activation is tanh",
        "use one of QKeras's quantizers",
    ),
    "Keras's hard sigmoid": (
        lambda: [start(), lstm(recurrent_activation=keras.activations.hard_sigmoid)],
        "layer 'cell': recurrent_activation is hard_sigmoid",
        "use one of QKeras's quantizers",
    ),
    "float tanh rounded to many bits": (
        lambda: [start(), L.Activation("tanh"), named("fine", qkeras.QActivation(bits(14)))],
        "layer 'fine': activation is a float function rounded to 14 bits",
        "12 bits or fewer",
    ),
    "bernoulli": (
        lambda: act(qkeras.bernoulli(alpha=1)),
        "layer 'act': activation is bernoulli, which draws at random",
        "use stochastic_binary",
    ),
    "bernoulli weights": (
        lambda: head(kernel_quantizer=qkeras.bernoulli(alpha=1)),
        "layer 'head': kernel_quantizer is bernoulli, which draws at random",
        "use stochastic_binary",
    ),
    "ulaw": (
        lambda: act(qkeras.quantized_ulaw(6, 1)),
        "layer 'act': activation is quantized_ulaw",
        "use one of QKeras's quantizers",
    ),
    "relu of sigmoid": (
        lambda: act(qkeras.quantized_relu(8, 1, use_sigmoid=1)),
        "layer 'act': activation is quantized_relu with use_sigmoid=1",
        "leave use_sigmoid out",
    ),
    "relu bound off the grid": (
        lambda: act(qkeras.quantized_relu(4, 1, relu_upper_bound=1.3, is_quantized_clip=False)),
        "layer 'act': activation: relu_upper_bound=1.3 is no multiple",
        "write a multiple of",
    ),
    "alpha auto": (
        lambda: head(kernel_quantizer=bits(6, alpha="auto", symmetric=1)),
        "layer 'head': kernel_quantizer has alpha='auto'",
        "alpha='auto_po2'",
    ),
    "alpha auto, recurrent": (
        lambda: [start(), gru(recurrent_quantizer=bits(6, alpha="auto", symmetric=1))],
        "layer 'cell': recurrent_quantizer has alpha='auto'",
        "write alpha=1",
    ),
    "alpha auto, ternary": (
        lambda: head(kernel_quantizer=qkeras.ternary(alpha="auto")),
        "layer 'head': kernel_quantizer is ternary, which leaves values of kernel that need more",
        "use quantized_bits",
    ),
    "alpha auto_po2, activation": (
        lambda: act(bits(8, alpha="auto_po2", symmetric=1)),
        "layer 'act': activation has alpha='auto_po2', a scale that changes with the data",
        "write alpha=1",
    ),
    "alpha three, activation": (
        lambda: act(bits(8, alpha=3.0)),
        "layer 'act': activation has alpha=3.0, which is no power of two",
        "write alpha=1",
    ),
    "real tanh of many bits": (
        lambda: act(qkeras.quantized_tanh(14, use_real_tanh=True)),
        "layer 'act': activation has 14 bits",
        "use 12 or fewer",
    ),
    "slope of many bits": (
        lambda: [start(), named("leak", L.LeakyReLU(0.3))],
        "layer 'leak': alpha=0.3 has no exact binary value",
        "use a power of two",
    ),
    "threshold": (
        lambda: [start(), named("relu", L.ReLU(threshold=0.5))],
        "layer 'relu': threshold=0.5 jumps",
        "leave threshold out",
    ),
    "average of six": (
        lambda: [start(), named("mean", L.AveragePooling1D(3))],
        "layer 'mean': the average of 3 steps has no exact binary value",
        "put a QActivation",
    ),
    "average that two layers read": (
        lambda: [start(), named("mean", L.AveragePooling1D(3)), dense(2)],
        "layer 'mean': the average of 3 steps has no exact binary value",
        "put a QActivation",
    ),
    "padded pooling": (
        lambda: [start(), named("max", L.MaxPooling1D(2, padding="same"))],
        "layer 'max': padding='same' pools over",
        "padding='valid'",
    ),
    "batch normalization": (
        lambda: [start(), named("norm", L.BatchNormalization())],
        "layer 'norm': its scale gamma / sqrt(variance + epsilon)",
        "epsilon=0",
    ),
    "zero padding of its own": (
        lambda: [start(), named("pad", L.ZeroPadding1D(1)), dense(2)],
        "layer 'pad': its zeros are not those of padding='causal' or 'same'",
        "pad in the convolution",
    ),
    "more zeros than a convolution sees": (
        lambda: [start(), named("pad", L.ZeroPadding1D(2)), qkeras.QConv1D(2, 2, **QUANTIZED)],
        "layer 'pad': its zeros are not those of padding='causal' or 'same'",
        "pad in the convolution",
    ),
    "groups": (
        lambda: [start(), named("conv", qkeras.QConv1D(2, 2, groups=2, **QUANTIZED))],
        "layer 'conv': groups=2 is not supported",
        "DepthwiseConv1D",
    ),
    "float depthwise": (
        lambda: [start(), named("conv", L.DepthwiseConv1D(2))],
        "layer 'conv': depthwise_constraint is missing",
        "give it",
    ),
    "distributed recurrence": (
        lambda: [start(), named("each", L.TimeDistributed(L.Activation("relu")))],
        "layer 'each': TimeDistributed(Activation) is not supported",
        "distribute a QDense",
    ),
    "distributed activation": (
        lambda: [start(), named("each", L.TimeDistributed(dense(2, activation=bits(4))))],
        "is inside TimeDistributed",
        "QActivation behind",
    ),
    "float layer in both directions": (
        lambda: [start(), named("both", L.Bidirectional(L.GRU(2)))],
        "layer 'both': GRU in Bidirectional is not supported",
        "QGRU",
    ),
    "both directions without a state": (
        lambda: [start(), named("both", L.Bidirectional(lstm(state_quantizer=None)))],
        "layer 'both': state_quantizer is missing",
        "give it",
    ),
    "three axes": (
        lambda: [start(), named("back", L.Reshape((2, 2, 2)))],
        "layer 'back': a reshape to (2, 2, 2)",
        "use (steps, channels)",
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
    "reserved name": (
        lambda: [named("input", qkeras.QActivation(bits(8, 2)))],
        "layer 'input': hls4ml keeps this name",
        "another one",
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
