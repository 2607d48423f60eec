"""Whatever is not exact is refused in one sentence with the layer, the problem and the fix."""

from collections.abc import Callable

import numpy as np
import pytest

import accel
from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from tests.accel.conversion.models import bits, chain, dense, draw_weights, named
from tests.accel.conversion.refused import QUANTIZED, REFUSED, gru, head, start

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


def test_stateful() -> None:
    stateful = keras.Sequential([
        L.Input((4, 2), batch_size=1), start(), gru(stateful=True)
    ])  # fmt: skip
    with pytest.raises(ChronogateError, match="layer 'cell': stateful=True with windows of 4"):
        accel.convert(stateful)
    single = keras.Sequential([L.Input((1, 2), batch_size=1), start(), gru(stateful=True)])
    with pytest.raises(ChronogateError, match=r"layer 'cell': .* Mode is 'sliding'"):
        accel.convert(single, hls_config={"Model": {"Mode": "sliding"}})


@pytest.mark.parametrize(("layer", "problem"), [
    (lambda: L.MaxPooling1D(2), "it pools over time"),
    (lambda: gru(go_backwards=True), "it reads a window from its end"),
    (lambda: L.Cropping1D(1), "it cuts a window's ends off"),
    (lambda: named("conv", qkeras.QConv1D(2, 2, **QUANTIZED)), "padding='valid' needs"),
])  # fmt: skip
def test_streams_have_no_windows(layer: Callable[[], keras.layers.Layer], problem: str) -> None:
    with pytest.raises(ChronogateError, match=f"{problem}.*: use "):
        accel.convert(chain([start(), layer()]), hls_config={"Model": {"Mode": "streaming"}})


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


def join(layer: keras.layers.Layer, *shapes: tuple[int, int]) -> keras.Model:
    """Return a model that joins dense layers of `shapes`, steps and units, by `layer`."""
    inputs = keras.Input((4, 2))
    values = start()(inputs)
    parts = [dense(units)(L.Cropping1D((4 - steps, 0))(values)) for steps, units in shapes]
    model = keras.Model(inputs, named("join", layer)(parts))
    draw_weights(model, 0)
    return model


def test_joins() -> None:
    with pytest.raises(ChronogateError, match="layer 'join': axis=1 joins time steps"):
        accel.convert(join(L.Concatenate(axis=1), (4, 2), (3, 2)))
    with pytest.raises(ChronogateError, match="layer 'join': the average of 3 inputs"):
        accel.convert(join(L.Average(), (4, 2), (4, 2), (4, 2)))
    with pytest.raises(ChronogateError, match="layer 'join': its inputs have 1, 2 channels"):
        accel.convert(join(L.Add(), (4, 2), (4, 1)))
    with pytest.raises(ChronogateError, match="layer 'join': its inputs have 1 and 4 time steps"):
        accel.convert(join(L.Multiply(), (4, 2), (1, 2)))


def test_inputs_that_are_quantized_twice() -> None:
    inputs = keras.Input((4, 2))
    both = [named(f"in{n}", qkeras.QActivation(bits(4 + n)))(inputs) for n in range(2)]
    with pytest.raises(ChronogateError, match=r"is quantized in several ways: put one QActivation"):
        accel.convert(keras.Model(inputs, L.Add()(both)))


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


@pytest.mark.parametrize(("where", "key", "value", "wanted"), [
    ("Model", "Strategy", "Distributed", "write one of 'Latency', 'Resource', 'Shared'"),
    ("Model", "Mode", "endless", "write one of 'Window', 'Sliding', 'Streaming'"),
    ("Model", "Series", 0, "a whole number of series"),
    ("Model", "TargetInterval", 1.5, "a whole number of cycles"),
    ("Model", "TargetMultipliers", "few", "a whole number of multipliers"),
    ("Model", "SkipZeros", 1, "write True or False"),
    ("LayerName", "AdderLevels", 0, "a whole number of adders"),
    ("LayerType", "ReuseFaktor", 2, "there is no key 'ReuseFaktor': use one of ReuseFactor"),
    ("Model", "Reuse", 2, "the model: there is no key 'Reuse': use one of ReuseFactor"),
    ("LayerName", "Mode", "sliding", "there is no key 'Mode'"),
])  # fmt: skip
def test_keys(where: str, key: str, value: object, wanted: str) -> None:
    name = {"LayerName": "head", "LayerType": "QDense"}.get(where)
    table = {where: {name: {key: value}} if name else {key: value}}
    with pytest.raises(ChronogateError, match=wanted):
        accel.convert(chain(head()), hls_config=table)


def test_sections_and_targets() -> None:
    model = chain(head())
    with pytest.raises(ChronogateError, match="hls_config: there is no key 'Layers'"):
        accel.convert(model, hls_config={"Layers": {}})
    both = {"Model": {"TargetInterval": 4, "TargetMultipliers": 3}}
    with pytest.raises(ChronogateError, match="TargetInterval and TargetMultipliers cannot both"):
        accel.convert(model, hls_config=both)
    with pytest.raises(ChronogateError, match="belong together: give both"):
        accel.convert(model, hls_config={"Model": {"TargetClock": 50}})
    with pytest.raises(ChronogateError, match="cannot be shared by 4 series: leave Series out"):
        accel.convert(chain([start(), L.Permute((2, 1)), dense(2)]),
                      hls_config={"Model": {"Series": 4}})  # fmt: skip
    shared = {"Model": {"Strategy": "Shared", "SkipZeros": True}}
    with pytest.raises(ChronogateError, match="layer 'head': Strategy='Shared' cannot skip zeros"):
        accel.convert(model, hls_config=shared)


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
    with pytest.raises(ChronogateError, match=r"Quartus .* GRU \(layer 'cell'\)"):
        accel.convert(chain([start(), gru()]), backend="Quartus")
