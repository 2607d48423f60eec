"""Stock QKeras layers and quantizers in float64, which defines a model's arithmetic here.

Every layer is made anew from its configuration, with float64 weights, and called on arrays: no
graph is traced, which would take longer than the evaluation.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from accel.qkeras_compat import keras, quantizer_objects, quiet_serialization, tf
from hw.errors import ChronogateError

BATCH = 4096  # windows evaluated at once; bounds the memory of long recurrent models


@contextmanager
def float64() -> Iterator[None]:
    """Compute in float64 inside the block: Keras's ``floatx``, restored afterwards."""
    before = keras.backend.floatx()
    keras.backend.set_floatx("float64")
    try:
        yield
    finally:
        keras.backend.set_floatx(before)


@dataclass(frozen=True)
class Twin:
    """A layer in float64.

    Parameters
    ----------
    name
        Of the layer.
    layer
        Its twin; a recurrent one gives all its steps.
    inputs
        Names of what it is called on.
    last_step
        Whether the layer itself gives the last step only.
    """

    name: str
    layer: keras.layers.Layer
    inputs: tuple[str, ...]
    last_step: bool


def quantize_float64(quantizer: Callable[[tf.Tensor], tf.Tensor], values: np.ndarray) -> np.ndarray:
    """Return what a QKeras quantizer makes of `values` (any shape), in float64."""
    with float64():
        return np.asarray(quantizer(tf.constant(values, tf.float64)), dtype=np.float64)


def evaluate_float64(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Run the stock layers of `model` in float64.

    Parameters
    ----------
    model
        A Sequential or functional model of one input and output; it is not changed.
    x
        Inputs ``(N, ...)``; the outputs are float64 as well.
    """
    output = _output_of(model)
    with float64():
        twins = _twins(model)
        starts = range(0, max(len(x), 1), BATCH)
        parts = [_evaluate(model, twins, x[n : n + BATCH])[0][output] for n in starts]
    return np.concatenate([part.numpy() for part in parts])


def trace_float64(model: keras.Model, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return what every layer gives for `x`, in float64, by layer name.

    A recurrent layer gives its hidden state at every time step ``(N, T, H)``, in the order in
    which it computes them, whatever it hands to the layer behind it.
    """
    with float64():
        twins = _twins(model)
        traced = _evaluate(model, twins, x)[1]
        return {twin.name: traced[twin.name].numpy() for twin in twins}


def stream_float64(model: keras.Model, series: np.ndarray) -> np.ndarray:
    """Feed series into a ``stateful`` model, one sample at a time, in float64.

    Parameters
    ----------
    model
        It takes one time step, ``(batch, 1, F)``.
    series
        ``(N, L, F)``, each from a cleared state; N is the model's batch.

    Returns
    -------
    numpy.ndarray
        The forecasts ``(N, L, n_out)``.
    """
    output = _output_of(model)
    with float64():
        twins = _twins(model)
        steps = [
            _evaluate(model, twins, series[:, step : step + 1])[0][output].numpy()
            for step in range(series.shape[1])
        ]
    return np.stack([np.reshape(step, (len(series), -1)) for step in steps], axis=1)


def count_float32_differences(model: keras.Model, x: np.ndarray) -> int:
    """Count the outputs for `x` that stock float32 gives otherwise than float64."""
    stock = np.concatenate([
        model(tf.constant(x[n : n + BATCH], tf.float32), training=False).numpy()
        for n in range(0, len(x), BATCH)
    ])  # fmt: skip
    return int(np.count_nonzero(stock.astype(np.float64) != evaluate_float64(model, x)))


def _twins(model: keras.Model) -> list[Twin]:
    """Return all layers but the inputs, each behind those that it is called on."""
    if not isinstance(model, keras.Sequential) and not model._is_graph_network:
        raise ChronogateError(
            f"model {model.name!r} is a subclassed model without a configuration: write it as "
            "keras.Sequential or with the functional API"
        )
    inputs = _inputs_of(model)
    return [
        _twin(layer, inputs[layer.name])
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def _output_of(model: keras.Model) -> str:
    assert model.outputs  # a built model has some
    return str(model.outputs[0]._keras_history.layer.name)


def _input_of(model: keras.Model) -> str:
    assert model.input_names  # a built model has some
    return model.input_names[0]


def _inputs_of(model: keras.Model) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(model, keras.Sequential):
        with quiet_serialization():
            layers = model.get_config()["layers"]
        return {
            layer["name"]: tuple(source[0] for node in layer["inbound_nodes"] for source in node)
            for layer in layers
        }
    names = [_input_of(model), *(layer.name for layer in model.layers)]
    return {name: (before,) for before, name in pairwise(names)}


def _twin(layer: keras.layers.Layer, inputs: tuple[str, ...]) -> Twin:
    recurrent = isinstance(layer, keras.layers.RNN)
    changes = {"return_sequences": True} if recurrent else {}
    twin = _copy(layer, dtype="float64", **changes)
    shape = layer.input_shape
    twin.build([tuple(each) for each in shape] if isinstance(shape, list) else tuple(shape))
    twin.set_weights(layer.get_weights())
    return Twin(layer.name, twin, inputs, recurrent and not layer.return_sequences)


Tensors = dict[str, tf.Tensor]


def _evaluate(model: keras.Model, twins: list[Twin], x: np.ndarray) -> tuple[Tensors, Tensors]:
    """Return what every layer hands on, and what it computes at every step."""
    given: Tensors = {_input_of(model): tf.constant(x, tf.float64)}
    traced: Tensors = {}
    for twin in twins:
        sources = [given[name] for name in twin.inputs]
        result = twin.layer(sources if len(sources) > 1 else sources[0], training=False)
        traced[twin.name] = result
        given[twin.name] = result[:, -1] if twin.last_step else result
    return given, traced


def _copy(layer: keras.layers.Layer, **changes: object) -> keras.layers.Layer:
    with quiet_serialization():
        settings = {**layer.get_config(), **changes}
    for inner in ("layer", "backward_layer"):  # of a wrapper
        if inner in settings:
            settings[inner] = _in_float64(settings[inner])
    with keras.utils.custom_object_scope(quantizer_objects()):
        return type(layer).from_config(settings)


def _in_float64(layer: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    return {**layer, "config": {**layer["config"], "dtype": "float64"}}
