"""The weights of a model, by the name of their layer and their role in it.

Keras numbers the cells of recurrent layers as they are made, so that the names of its variables
change when a model is built again; names like ``gru/recurrent_kernel`` do not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from accel.compression.grids import WeightGrid
from accel.forecasters.layer_names import WIRES
from accel.qkeras_compat import keras, qkeras, tf

Variables = dict[str, np.ndarray]
"""Arrays by the name of their weight, such as ``dense_1/kernel``."""

ROLES = {
    "kernel": "kernel_quantizer",
    "recurrent_kernel": "recurrent_quantizer",
    "depthwise_kernel": "depthwise_quantizer",
    "pointwise_kernel": "pointwise_quantizer",
    "bias": "bias_quantizer",
}
"""What weights are for, and the setting of their layer that says how they are stored."""

KERNELS = tuple(role for role in ROLES if role != "bias")
"""Those that hardware multiplies by."""


@dataclass(frozen=True, eq=False)
class Weight:
    """One array of weights in a model.

    Parameters
    ----------
    layer, variable
        Where it is.
    role
        What for, one of `ROLES`.
    """

    layer: keras.layers.Layer
    variable: tf.Variable
    role: str

    @property
    def key(self) -> str:
        """Its name, unique in a model."""
        return f"{self.layer.name}/{self.role}"

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(int(size or 0) for size in self.variable.shape)

    @property
    def size(self) -> int:
        """How many numbers it is."""
        return int(np.prod(self.shape))

    @property
    def quantizer(self) -> qkeras.quantized_bits | None:
        """What rounds it; None in float layers."""
        holder = getattr(self.layer, "cell", None) or self.layer
        return getattr(holder, f"{ROLES[self.role]}_internal", None)

    @property
    def grid(self) -> WeightGrid | None:
        """How it is stored; None unless by `quantized_bits`."""
        quantizer = self.quantizer
        return WeightGrid.of(quantizer) if isinstance(quantizer, qkeras.quantized_bits) else None

    @property
    def values(self) -> np.ndarray:
        """Its values as they are multiplied by, not yet rounded."""
        grid = self.grid
        return self.variable.numpy() * (1.0 if grid is None else grid.scale)

    @property
    def stored(self) -> np.ndarray:
        """Its values as they are stored."""
        quantizer = self.quantizer
        return np.asarray(self.variable if quantizer is None else quantizer(self.variable))

    @property
    def bits(self) -> int:
        """Bits that store it."""
        grid = self.grid
        return self.size * (32 if grid is None else grid.bits)

    def set(self, values: np.ndarray) -> None:
        """Give it the values that it is to multiply by."""
        grid = self.grid
        self.variable.assign(values / (1.0 if grid is None else grid.scale))


def weights_of(
    model: keras.Model, roles: tuple[str, ...] = KERNELS, frozen: bool = False
) -> Iterator[Weight]:
    """Yield the weights that are trained, or with `frozen` all but fixed zeros and ones."""
    for layer in model.layers:
        if layer.name.endswith(WIRES):
            continue
        for variable in layer.weights if frozen else layer.trainable_variables:
            role = variable.name.split("/")[-1].split(":")[0]
            if role in roles:
                yield Weight(layer, variable, role)


def kernels(model: keras.Model) -> Variables:
    """Return the kernels that are trained, as they are before their quantizer."""
    return {weight.key: weight.variable.numpy() for weight in weights_of(model)}


def stored_nonzeros(model: keras.Model) -> Variables:
    """Return for each kernel where its stored value, behind its quantizer, is not 0."""
    return {weight.key: weight.stored != 0 for weight in weights_of(model)}


def assign(model: keras.Model, values: Mapping[str, np.ndarray]) -> None:
    """Set kernels, as they are before their quantizer, by name."""
    for weight in weights_of(model):
        if weight.key in values:
            weight.variable.assign(values[weight.key])
