"""Fit one linear layer of a model in closed form, the rest of the model as it stands."""

from collections.abc import Callable

import numpy as np

from accel.datasets.windows import Windows
from accel.forecasters.closed_form import Grid, Linear, Rows, fit_linear
from accel.forecasters.fit_data import FitData
from accel.forecasters.layer_names import OUTPUT_QUANTIZER
from accel.qkeras_compat import keras, tf
from accel.training.fitting import evaluate_all
from hw.errors import ChronogateError

Arrange = Callable[[np.ndarray], np.ndarray]
"""From forecasts ``(N, outputs)`` to the outputs of a layer, ``(N, ..., O)``."""


def flat(forecasts: np.ndarray) -> np.ndarray:
    """Arrange for a layer whose outputs are the forecast."""
    return forecasts


def solve(
    model: keras.Model,
    layer: str,
    arrange: Arrange,
    data: FitData,
    grid: Grid | None,
    last: float | None = None,
) -> None:
    """Set the weights of a dense layer, whose outputs reach the forecast with the factor 1.

    What the rest of the model forecasts while this layer gives zeros is left for it to explain.
    `last` is as in `fit_linear`.
    """
    train = rows(model, layer, arrange, data.train)
    validation = rows(model, layer, arrange, data.validation)
    set_linear(model, layer, fit_linear(train, validation, grid, last=last))


def set_linear(model: keras.Model, layer: str, linear: Linear) -> None:
    """Give a dense layer its weights."""
    layer_of(model, layer).set_weights([linear.weights, linear.bias])


def silence(model: keras.Model, layer: str) -> None:
    """Make a layer give zeros."""
    found = layer_of(model, layer)
    found.set_weights([np.zeros_like(weights) for weights in found.get_weights()])


def layer_of(model: keras.Model, name: str) -> keras.layers.Layer:
    """Return a layer by its name."""
    return next(layer for layer in model.layers if layer.name == name)


def input_of(layer: keras.layers.Layer) -> tf.Tensor:
    """Return the one tensor that a layer takes."""
    taken = layer.input
    return taken[0] if isinstance(taken, list) else taken


def rows(model: keras.Model, layer: str, arrange: Arrange, windows: Windows) -> Rows:
    """Return what a dense layer sees of windows, and what it ought to say."""
    silence(model, layer)
    quantized = any(each.name == OUTPUT_QUANTIZER for each in model.layers)
    forecast = layer_of(model, OUTPUT_QUANTIZER).input if quantized else model.output
    parts = keras.Model(model.input, [layer_of(model, layer).input, forecast])
    inputs, others = evaluate_all(parts, windows.inputs)
    outputs = arrange(windows.targets - others)
    if outputs.shape[:-1] != inputs.shape[:-1]:
        raise ChronogateError(
            f"layer {layer!r} gives {inputs.shape[1:-1]} rows a window and is to explain "
            f"{outputs.shape[1:-1]}: arrange the forecasts as the layer's outputs"
        )
    mask = arrange(windows.mask.astype(np.float64)) > 0
    size = outputs.shape[-1]
    return Rows(
        inputs.reshape(-1, inputs.shape[-1]), outputs.reshape(-1, size), mask.reshape(-1, size)
    )
