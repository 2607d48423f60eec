"""Whatever is not exact is refused in one sentence with the layer, the problem and the fix."""

from collections.abc import Callable

import numpy as np
import pytest

import accel
from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from tests.accel.conversion.models import bits, chain, dense, named, recurrent

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
    "unsupported layer": (lambda: [start(), named("conv", qkeras.QConv1D(2, 2))],
                          "layer 'conv': QConv1D is not supported", "build the model from"),
    "float dense": (lambda: [start(), named("float", L.Dense(2))],
                    "layer 'float': Dense is not supported", "QDense"),
    "float activation": (lambda: [start(), named("act", L.Activation("relu"))],
                         "layer 'act': the float activation relu", "use QActivation"),
    "simple rnn": (lambda: [start(), named("rnn", qkeras.QSimpleRNN(2))],
                   "layer 'rnn': QSimpleRNN is not supported", "build the model from"),
    "alpha auto": (lambda: head(kernel_quantizer=bits(6, alpha="auto")),
                   "layer 'head': kernel_quantizer has alpha='auto'", "write alpha=1"),
    "alpha auto_po2": (lambda: head(kernel_quantizer=bits(6, alpha="auto_po2")),
                       "layer 'head': kernel_quantizer has alpha='auto_po2'", "write alpha=1"),
    "alpha None": (lambda: head(kernel_quantizer=bits(6, alpha=None)),
                   "layer 'head': kernel_quantizer has alpha='auto_po2' (which alpha=None",
                   "write alpha=1"),
    "alpha a half": (lambda: head(kernel_quantizer=bits(6, alpha=0.5)),
                     "layer 'head': kernel_quantizer has alpha=0.5", "write alpha=1"),
    "alpha auto, recurrent": (lambda: [start(), gru(recurrent_quantizer=bits(6, alpha="auto"))],
                              "layer 'cell': recurrent_quantizer has alpha='auto'",
                              "write alpha=1"),
    "alpha auto, activation": (lambda: act(bits(6, alpha="auto")),
                               "layer 'act': activation has alpha='auto'", "write alpha=1"),
    "no kernel quantizer": (lambda: head(kernel_quantizer=None),
                            "layer 'head': kernel_quantizer is missing", "give it"),
    "no bias quantizer": (lambda: head(bias_quantizer=None),
                          "layer 'head': bias_quantizer is missing", "give it"),
    "no kernel quantizer, lstm": (lambda: [start(), lstm(kernel_quantizer=None)],
                                  "layer 'cell': kernel_quantizer is missing", "give it"),
    "no bias quantizer, lstm": (lambda: [start(), lstm(bias_quantizer=None)],
                                "layer 'cell': bias_quantizer is missing", "give it"),
    "no recurrent quantizer, gru": (lambda: [start(), gru(units=2, recurrent_quantizer=None)],
                                    "layer 'cell': recurrent_quantizer is missing (without it "
                                    "QKeras multiplies by the input kernel)", "give it"),
    "no recurrent quantizer, lstm": (lambda: [start(), lstm(recurrent_quantizer=None)],
                                     "layer 'cell': recurrent_quantizer is missing", "give it"),
    "no state quantizer, lstm": (lambda: [start(), lstm(state_quantizer=None)],
                                 "layer 'cell': state_quantizer is missing, so the state would "
                                 "grow", "give it"),
    "no state quantizer, gru": (lambda: [start(), gru(state_quantizer=None)],
                                "layer 'cell': state_quantizer is missing", "give it"),
    "state no format": (lambda: [start(), gru(state_quantizer=qkeras.quantized_sigmoid(8))],
                        "layer 'cell': state_quantizer is quantized_sigmoid",
                        "use quantized_bits"),
    "real tanh": (lambda: act(qkeras.quantized_tanh(8, use_real_tanh=True)),
                  "layer 'act': activation has use_real_tanh=True", "write the hard form"),
    "real sigmoid": (lambda: [start(), gru(recurrent_activation=qkeras.quantized_sigmoid(
                         8, use_real_sigmoid=True))],
                     "layer 'cell': recurrent_activation has use_real_sigmoid=True",
                     "write the hard form"),
    "real tanh in a string": (lambda: [start(), lstm(
                                  activation="quantized_tanh(8,use_real_tanh=True)")],
                              "layer 'cell': activation has use_real_tanh=True",
                              "write the hard form"),
    "float tanh": (lambda: [start(), lstm(activation="tanh")],
                   "layer 'cell': activation is tanh", "use quantized_bits"),
    "Keras's hard sigmoid": (lambda: [start(), lstm(
                                 recurrent_activation=keras.activations.hard_sigmoid)],
                             "layer 'cell': recurrent_activation is hard_sigmoid",
                             "use quantized_bits"),
    "symmetric sigmoid": (lambda: act(qkeras.quantized_sigmoid(8, symmetric=True)),
                          "layer 'act': activation is quantized_sigmoid with symmetric=True",
                          "write symmetric=False"),
    "leaky relu": (lambda: act(qkeras.quantized_relu(8, 1, negative_slope=0.25)),
                   "layer 'act': activation is quantized_relu with negative_slope=0.25",
                   "leave negative_slope out"),
    "relu upper bound": (lambda: act(qkeras.quantized_relu(8, 1, relu_upper_bound=1.5)),
                         "layer 'act': activation is quantized_relu with relu_upper_bound=1.5",
                         "leave relu_upper_bound out"),
    "relu of sigmoid": (lambda: act(qkeras.quantized_relu(8, 1, use_sigmoid=1)),
                        "layer 'act': activation is quantized_relu with use_sigmoid=1",
                        "leave use_sigmoid out"),
    "relu by name": (lambda: head(activation="relu"),
                     "layer 'head': activation is relu", "use quantized_bits"),
    "relu by name in QActivation": (lambda: act("relu"),
                                    "layer 'act': activation is relu", "use quantized_bits"),
    "hard swish": (lambda: act(qkeras.quantized_hswish(8, alpha=1)),
                   "layer 'act': activation is quantized_hswish", "use quantized_bits"),
    "bernoulli": (lambda: act(qkeras.bernoulli(alpha=1)),
                  "layer 'act': activation is bernoulli", "use quantized_bits"),
    "reserved name": (lambda: [named("input", qkeras.QActivation(bits(8, 2)))],
                      "layer 'input': hls4ml keeps this name", "another one"),
    "powers of two": (lambda: head(kernel_quantizer=qkeras.quantized_po2(4)),
                      "layer 'head': kernel_quantizer is quantized_po2", "use quantized_bits"),
    "ternary activation": (lambda: act(qkeras.ternary(alpha=1)),
                           "layer 'act': activation is ternary", "use quantized_bits"),
    "binary bits": (lambda: head(kernel_quantizer=bits(1)),
                    "layer 'head': kernel_quantizer has 1 bits", "use 2 to 30"),
    "stochastic rounding": (lambda: act(bits(8, 2, use_stochastic_rounding=True)),
                            "layer 'act': activation rounds at random",
                            "use_stochastic_rounding=False"),
    "partial quantization": (lambda: act(bits(8, 2, qnoise_factor=0.5)),
                             "layer 'act': activation has qnoise_factor=0.5",
                             "set qnoise_factor to 1"),
    "return_sequences": (lambda: [start(), lstm(return_sequences=True)],
                         "layer 'cell': return_sequences=True is not supported", "last step"),
    "go_backwards": (lambda: [start(), gru(go_backwards=True)],
                     "layer 'cell': go_backwards=True is not supported", "reverse the window"),
    "dense on steps": (lambda: [start(), named("head", dense(2))],
                       "layer 'head': QDense on every time step", "put a Flatten"),
    "gru on a flat window": (lambda: [start(), named("flat", L.Flatten()),
                                      named("back", L.Reshape((2, 4))), gru()],
                             "layer 'back': a reshape to (2, 4)", "reshape the window before"),
    "no input format": (lambda: [named("flat", L.Flatten()), named("head", dense(2))],
                        "has no number format", "begin the model with QActivation"),
    "sigmoid as input format": (lambda: [named("act", qkeras.QActivation(
                                    qkeras.quantized_sigmoid(8)))],
                                "has no number format", "begin the model with QActivation"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_names_layer_problem_and_fix(case: str) -> None:
    build, problem, remedy = REFUSED[case]
    with pytest.raises(ChronogateError) as error:
        accel.convert(chain(build()))
    message = str(error.value)
    assert problem in message
    assert remedy in message
    assert "\n" not in message


def test_stateful_and_return_state() -> None:
    stateful = keras.Sequential([
        L.Input((4, 2), batch_size=1), start(), gru(stateful=True)
    ])  # fmt: skip
    with pytest.raises(ChronogateError, match="layer 'cell': stateful=True"):
        accel.convert(stateful)
    inputs = keras.Input((4, 2))
    output, *_ = lstm(return_state=True)(start()(inputs))
    with pytest.raises(ChronogateError, match="layer 'cell': return_state=True"):
        accel.convert(keras.Model(inputs, output))


@pytest.mark.parametrize(("weight", "value"), [(0, np.nan), (0, np.inf), (1, -np.inf)])
def test_weights_must_be_finite(weight: int, value: float) -> None:
    model = chain(head())
    weights = model.get_weights()
    weights[weight].flat[1] = value
    model.set_weights(weights)
    name = ("kernel", "bias")[weight]
    with pytest.raises(ChronogateError, match=f"layer 'head': {name} holds 1 NaN or infinite"):
        accel.convert(model)


def test_weights_that_leave_the_grid() -> None:
    # QKeras's straight-through form x + (q(x) - x) cannot hold a small result beside a huge x.
    model = chain(head(kernel_quantizer=bits(30)))
    weights = model.get_weights()
    weights[0].flat[0] = 3e8
    model.set_weights(weights)
    with pytest.raises(ChronogateError, match="layer 'head': kernel_quantizer leaves values of"):
        accel.convert(model)


def test_branches() -> None:
    inputs = keras.Input((4, 2))
    shared = start()(inputs)
    flat = named("flat", L.Flatten())(shared)
    model = keras.Model(inputs, L.Add()([named("a", dense(2))(flat), named("b", dense(2))(flat)]))
    with pytest.raises(ChronogateError, match="Add is not supported"):
        accel.convert(model)


def test_several_inputs_or_outputs() -> None:
    inputs = keras.Input((4,))
    values = start()(inputs)
    model = keras.Model(inputs, [dense(1)(values), dense(2)(values)])
    with pytest.raises(ChronogateError, match="1 inputs and 2 outputs"):
        accel.convert(model)


def test_a_layer_called_twice() -> None:
    inputs = keras.Input((2,))
    twice = named("twice", dense(2, activation=bits(8, 2)))
    model = keras.Model(inputs, twice(twice(start()(inputs))))
    with pytest.raises(ChronogateError, match="layer 'twice' is called more than once"):
        accel.convert(model)


def test_models_without_shape() -> None:
    with pytest.raises(ChronogateError, match="no input shape yet: begin it with"):
        accel.convert(keras.Sequential([start(), dense(2)]))
    with pytest.raises(ChronogateError, match="give the look-back a fixed length"):
        accel.convert(keras.Sequential([L.Input((None, 2)), start(), gru()]))
    with pytest.raises(ChronogateError, match="give it as \\(look_back, features\\)"):
        accel.convert(chain([start(), L.Flatten(), dense(2)], (4, 2, 3)))


def test_what_is_no_model() -> None:
    with pytest.raises(ChronogateError, match=r"builtins\.int is no Keras 2 model"):
        accel.convert(3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ChronogateError, match="no model file"):
        accel.convert("nowhere.h5")


def test_a_subclassed_model() -> None:
    class Own(keras.Model):
        def call(self, inputs: object) -> object:
            return inputs

    with pytest.raises(ChronogateError, match=r"a subclass of keras\.Model"):
        accel.convert(Own())


@pytest.mark.parametrize("value", [0, -3, 2.5, "four", True])
def test_reuse_factors(value: object) -> None:
    config = {"LayerName": {"head": {"ReuseFactor": value}}}
    with pytest.raises(ChronogateError, match=r"layer .head.: ReuseFactor is .* 1 or more"):
        accel.convert(chain(head()), hls_config=config)


def test_a_configured_layer_that_is_not_there() -> None:
    config = {"LayerName": {"haed": {"ReuseFactor": 2}}}
    with pytest.raises(ChronogateError, match="a layer 'haed' that the model does not have: use "):
        accel.convert(chain(head()), hls_config=config)


def test_input_precision_against_the_model() -> None:
    model = chain(head())
    name = model.input_names[0]
    config = {"LayerName": {name: {"Precision": "ap_fixed<8,4>"}}}
    with pytest.raises(ChronogateError, match="leave the Precision of the input out"):
        accel.convert(model, hls_config=config)
    config = {"LayerName": {name: {"Precision": "eight bits"}}}
    with pytest.raises(ChronogateError, match="'eight bits' in hls_config is no precision"):
        accel.convert(model, hls_config=config)


def test_other_backends() -> None:
    with pytest.raises(ChronogateError, match="no backend 'Vitus': use one of"):
        accel.convert(chain(head()), backend="Vitus")
    with pytest.raises(ChronogateError, match="layer 'cell': Vitis has no exact QGRU yet"):
        accel.convert(chain([start(), gru()]), backend="Vitis")
