"""Whatever is not exact is refused in one sentence with the layer, the problem and the fix."""

import numpy as np
import pytest

import accel
from accel.qkeras_compat import keras
from hw.errors import ChronogateError
from tests.accel.conversion.models import bits, chain, dense, named
from tests.accel.conversion.refused import REFUSED, gru, head, lstm, start

L = keras.layers


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
    with pytest.raises(ChronogateError, match="layer 'cell': Quartus has no exact QGRU"):
        accel.convert(chain([start(), gru()]), backend="Quartus")
