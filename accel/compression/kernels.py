"""The kernels of a model: the weights that hardware multiplies by."""

from collections.abc import Iterator

import numpy as np

from accel.forecasters.layer_names import WIRES
from accel.qkeras_compat import keras, tf

Variables = dict[str, np.ndarray]
"""Arrays by the name of their variable, which is unique in a model."""

KERNELS = ("kernel", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel")


def kernels(model: keras.Model) -> Variables:
    """Return the kernels that are trained, as they are before their quantizer."""
    return {variable.name: variable.numpy() for _, variable, _ in _kernels(model)}


def stored_nonzeros(model: keras.Model) -> Variables:
    """Return for each kernel where its stored value, behind its quantizer, is not 0."""
    found: Variables = {}
    for layer, variable, kind in _kernels(model):
        holder = getattr(layer, "cell", None) or layer
        role = kind if kind == "kernel" else kind.removesuffix("_kernel")
        quantizer = getattr(holder, f"{role}_quantizer_internal", None)
        values = variable if quantizer is None else quantizer(variable)
        found[variable.name] = np.asarray(values) != 0
    return found


def assign(model: keras.Model, values: Variables) -> None:
    """Set variables by name."""
    for variable in model.trainable_variables:
        if variable.name in values:
            variable.assign(values[variable.name])


def _kernels(model: keras.Model) -> Iterator[tuple[keras.layers.Layer, tf.Variable, str]]:
    """Yield layer, variable and kind of every kernel that is trained."""
    for layer in model.layers:
        if layer.name.endswith(WIRES):
            continue
        for variable in layer.trainable_variables:
            kind = variable.name.split("/")[-1].split(":")[0]
            if kind in KERNELS:
                yield layer, variable, kind
