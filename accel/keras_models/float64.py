"""Stock QKeras layers and quantizers in float64, which defines a model's arithmetic here.

Every layer is made anew from its configuration, with float64 weights, and called on arrays: no
graph is traced, which would take longer than the evaluation.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from accel.keras_models.calls import Call, Calls, Result, calls_of, copy_layer
from accel.qkeras_compat import keras, tf

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
    """A call of a layer, in float64.

    Parameters
    ----------
    call
        Which it is.
    layer
        The layer's twin; a recurrent one gives all its steps.
    last_step
        Whether the layer itself gives the last step only.
    """

    call: Call
    layer: keras.layers.Layer
    last_step: bool


Inputs = np.ndarray | Sequence[np.ndarray]
"""Inputs ``(N, ...)`` of a model: one array, or with several inputs one for each."""


def quantize_float64(quantizer: Callable[[tf.Tensor], tf.Tensor], values: np.ndarray) -> np.ndarray:
    """Return what a QKeras quantizer makes of `values` (any shape), in float64."""
    with float64():
        return np.asarray(quantizer(tf.constant(values, tf.float64)), dtype=np.float64)


def evaluate_float64(model: keras.Model, x: Inputs) -> np.ndarray:
    """Run the stock layers of a model of one output in float64.

    Parameters
    ----------
    model
        A Sequential or functional model; it is not changed.
    x
        Inputs; the outputs are float64 as well.
    """
    (result,) = evaluate_all_float64(model, x)
    return result


def evaluate_all_float64(model: keras.Model, x: Inputs) -> tuple[np.ndarray, ...]:
    """Do the same for every output."""
    calls, arrays = calls_of(model), _arrays(x)
    with float64():
        twins = _twins(model, calls)
        parts = [_outputs(calls, _evaluate(calls, twins, batch)[0]) for batch in _batches(arrays)]
    return tuple(np.concatenate(batches) for batches in zip(*parts, strict=True))


def trace_float64(model: keras.Model, x: Inputs) -> dict[str, np.ndarray]:
    """Return what every layer gives for `x`, in float64, by layer name.

    A recurrent layer gives its hidden state at every time step ``(N, T, H)``, in the order in
    which it computes them, whatever it hands to the layer behind it. Later calls of a layer have
    names of their own (`accel.keras_models.calls.Call`).
    """
    calls = calls_of(model)
    with float64():
        twins = _twins(model, calls)
        traced = _evaluate(calls, twins, _arrays(x))[1]
        return {twin.call.name: traced[twin.call.name].numpy() for twin in twins}


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
    calls = calls_of(model)
    with float64():
        twins = _twins(model, calls)
        steps = [
            _outputs(calls, _evaluate(calls, twins, (series[:, step : step + 1],))[0])[0]
            for step in range(series.shape[1])
        ]
    return np.stack([np.reshape(step, (len(series), -1)) for step in steps], axis=1)


def count_float32_differences(model: keras.Model, x: Inputs) -> int:
    """Count the outputs for `x` that stock float32 gives otherwise than float64."""
    count = 0
    for batch in _batches(_arrays(x)):
        tensors = [tf.constant(array, tf.float32) for array in batch]
        stock = model(tensors if len(tensors) > 1 else tensors[0], training=False)
        results = stock if isinstance(stock, (list, tuple)) else (stock,)
        for found, exact in zip(results, evaluate_all_float64(model, batch), strict=True):
            count += int(np.count_nonzero(found.numpy().astype(np.float64) != exact))
    return count


def _arrays(x: Inputs) -> tuple[np.ndarray, ...]:
    return (x,) if isinstance(x, np.ndarray) else tuple(x)


def _batches(arrays: Sequence[np.ndarray]) -> Iterator[tuple[np.ndarray, ...]]:
    for start in range(0, max(len(arrays[0]), 1), BATCH):
        yield tuple(array[start : start + BATCH] for array in arrays)


def _twins(model: keras.Model, calls: Calls) -> list[Twin]:
    """Return all calls, in an order in which they can be computed."""
    made = {call.layer: _twin(model.get_layer(call.layer)) for call in calls.calls}
    return [Twin(call, *made[call.layer]) for call in calls.calls]


def _twin(layer: keras.layers.Layer) -> tuple[keras.layers.Layer, bool]:
    """Return a layer in float64, and whether it gives its last step only."""
    recurrent = isinstance(layer, keras.layers.RNN)
    changes = {"return_sequences": True} if recurrent else {}
    twin = copy_layer(layer, "float64", **changes)
    shape = layer.get_input_shape_at(0)
    if recurrent and isinstance(shape, list):
        shape = shape[0]  # initial states come behind
    twin.build([tuple(each) for each in shape] if isinstance(shape, list) else tuple(shape))
    twin.set_weights(layer.get_weights())
    return twin, recurrent and not layer.return_sequences


def _evaluate(
    calls: Calls, twins: Sequence[Twin], arrays: Sequence[np.ndarray]
) -> tuple[dict[Result, tf.Tensor], dict[str, tf.Tensor]]:
    """Return what every call hands on, and what it computes at every step."""
    given = {
        Result(name): tf.constant(array, tf.float64)
        for name, array in zip(calls.inputs, arrays, strict=True)
    }
    traced: dict[str, tf.Tensor] = {}
    for twin in twins:
        call = twin.call
        sources = [given[source] for source in call.sources]
        found = twin.layer(sources if len(sources) > 1 else sources[0], training=False)
        first, *states = found if isinstance(found, (list, tuple)) else (found,)
        traced[call.name] = first
        handed = (first[:, -1] if twin.last_step else first, *states)
        given |= {Result(call.layer, call.number, n): each for n, each in enumerate(handed)}
    return given, traced


def _outputs(calls: Calls, given: Mapping[Result, tf.Tensor]) -> tuple[np.ndarray, ...]:
    return tuple(given[result].numpy() for result in calls.outputs)
