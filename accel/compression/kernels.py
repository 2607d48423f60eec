"""The kernels of a model: the weights that hardware multiplies by."""

import numpy as np

from accel.forecasters.layer_names import WIRES
from accel.qkeras_compat import keras

Variables = dict[str, np.ndarray]
"""Arrays by the name of their variable, which is unique in a model."""

KERNELS = ("kernel", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel")


def kernels(model: keras.Model) -> Variables:
    """Return the kernels that are trained, as they are before their quantizer."""
    return {
        variable.name: variable.numpy()
        for layer in model.layers
        if not layer.name.endswith(WIRES)
        for variable in layer.trainable_variables
        if variable.name.split("/")[-1].split(":")[0] in KERNELS
    }


def assign(model: keras.Model, values: Variables) -> None:
    """Set variables by name."""
    for variable in model.trainable_variables:
        if variable.name in values:
            variable.assign(values[variable.name])


def stored_zeros(model: keras.Model) -> Variables:
    """Return for each kernel where its stored value, behind its quantizer, is not 0."""
    found: Variables = {}
    for layer in model.layers:
        holder = getattr(layer, "cell", None) or layer
        for variable in layer.trainable_variables:
            kind = variable.name.split("/")[-1].split(":")[0]
            if layer.name.endswith(WIRES) or kind not in KERNELS:
                continue
            name = kind.removesuffix("_kernel") if kind != "kernel" else "kernel"
            quantizer = getattr(holder, f"{name}_quantizer_internal", None)
            values = variable if quantizer is None else quantizer(variable)
            found[variable.name] = np.asarray(values) != 0
    return found
