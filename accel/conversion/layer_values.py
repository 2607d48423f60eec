"""What every layer of a Keras 2 model gives, under the names of hls4ml's nodes."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from accel.conversion.frontend import PRODUCTS
from accel.keras_models.float64 import Inputs, evaluate_all_float64
from accel.qkeras_compat import keras


def layer_values(model: keras.Model, x: Inputs) -> dict[str, np.ndarray]:
    """Return float64 values ``(N, ...)`` by node.

    Parameters
    ----------
    model
        A Sequential or functional model; of a layer that it calls more than once, the first call
        counts, and of one with several results the first.
    x
        Its inputs ``(N, ...)``, a list with several.

    Returns
    -------
    dict of str to numpy.ndarray
        A layer with an activation argument is two nodes of hls4ml's, ``dense`` before it and
        ``dense_<activation>`` behind it.
    """
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    values = dict(zip([layer.name for layer in layers], _outputs(model, layers, x), strict=True))
    for layer in layers:
        activation = getattr(layer, "activation", None)
        if type(layer).__name__.removeprefix("Q") in PRODUCTS and hasattr(layer, "activation"):
            name = getattr(activation or keras.activations.linear, "__name__", None)
            values[f"{layer.name}_{name or type(activation).__name__}"] = values[layer.name]
            with _without_activation(layer):
                (values[layer.name],) = _outputs(model, [layer], x)
    return values


def _outputs(
    model: keras.Model, layers: list[keras.layers.Layer], x: Inputs
) -> tuple[np.ndarray, ...]:
    results = [layer.get_output_at(0) for layer in layers]
    firsts = [found[0] if isinstance(found, list) else found for found in results]
    return evaluate_all_float64(keras.Model(model.inputs, firsts), x)


@contextmanager
def _without_activation(layer: keras.layers.Layer) -> Iterator[None]:
    kept = layer.activation
    layer.activation = keras.activations.linear
    try:
        yield
    finally:
        layer.activation = kept
