"""What the kernels of a model multiply, row by row, and when."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from accel.compression.kernels import Weight, weights_of
from accel.datasets.windows import Windows
from accel.keras_models.calls import copy_layer
from accel.qkeras_compat import keras, tf
from accel.training.fitting import evaluate_all

STEPS = 64
"""Most windows of which a recurrent layer's steps are taken."""


@dataclass(frozen=True, eq=False)
class Multiplied:
    """What a kernel ``(D, units)`` multiplies.

    Parameters
    ----------
    rows
        ``(rows, D)``.
    times
        ``(rows,)``: the step of the series that a row belongs to.
    """

    rows: np.ndarray
    times: np.ndarray


def layer_inputs(model: keras.Model, windows: Windows) -> Iterator[tuple[Weight, Multiplied]]:
    """Yield what each kernel multiplies; convolutions are left out."""
    kernels = [weight for weight in weights_of(model) if len(weight.shape) == 2]
    layers = list({weight.layer.name: weight.layer for weight in kernels}.values())
    if not layers:
        return
    taken = evaluate_all(
        keras.Model(model.input, [layer.input for layer in layers]), windows.inputs
    )
    inputs = {layer.name: values for layer, values in zip(layers, taken, strict=True)}
    for weight in kernels:
        values = inputs[weight.layer.name]
        if isinstance(weight.layer, keras.layers.RNN):
            yield weight, _of_steps(weight, values, windows)
        else:
            repeats = int(np.prod(values.shape[1:-1], dtype=int))
            times = np.repeat(windows.origins, repeats)
            yield weight, Multiplied(values.reshape(-1, values.shape[-1]), times)


def _of_steps(weight: Weight, values: np.ndarray, windows: Windows) -> Multiplied:
    """Return the inputs of a recurrent layer's steps, or its states before them."""
    places = np.unique(np.linspace(0, len(values) - 1, STEPS).astype(int))
    values, origins = values[places], windows.origins[places]
    steps = values.shape[1]
    length = windows.inputs.shape[1] // steps
    times = (origins[:, None] - (steps - np.arange(steps)) * length).reshape(-1)
    if weight.role == "recurrent_kernel":
        values = _states(weight.layer, values)
    return Multiplied(values.reshape(-1, values.shape[-1]), times)


def _states(layer: keras.layers.RNN, values: np.ndarray) -> np.ndarray:
    twin = copy_layer(layer, None, return_sequences=True)
    twin.build(tuple(values.shape))
    twin.set_weights(layer.get_weights())
    states = np.asarray(twin(tf.constant(values, tf.float32)), dtype=np.float64)
    return np.concatenate([np.zeros_like(states[:, :1]), states[:, :-1]], axis=1)
