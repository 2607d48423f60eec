"""Hybrid: a classical forecast plus a small network on what it leaves, as one network.

The classical part is fixed before the training, so that the network learns its residual.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from accel.forecasters.family import HiddenLayers
from accel.forecasters.formats import Sizes
from accel.forecasters.layer_names import OUTPUT
from accel.forecasters.shape import Shape
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.forecasters.fit_data import FitData
    from accel.forecasters.kit import Kit, Tensor
    from accel.qkeras_compat import keras

BASE = "base"


class HybridModel(HiddenLayers):
    """``family = "hybrid"``.

    Parameters
    ----------
    base
        ``ridge``: a linear map of the window in closed form. ``seasonal``: the last season again.
    hidden
        Dense relu layers of the network on the residual.
    """

    closed_form: ClassVar[bool] = True

    family: Literal["hybrid"]
    base: Literal["ridge", "seasonal"] = "ridge"
    hidden: Sizes = (16,)

    @property
    def dense_layers(self) -> tuple[str, ...]:
        return (*((BASE,) if self.base == "ridge" else ()), *super().dense_layers)

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        from accel.qkeras_compat import keras

        flat = keras.layers.Flatten(name="flatten")(values)
        base = (
            self._ridge(flat, shape, kit)
            if self.base == "ridge"
            else self._season(values, shape, kit)
        )
        residual = kit.hidden_layers(flat, self.hidden, self.formats)
        residual = kit.output_layer(residual, shape.outputs, self.formats)
        return keras.layers.Add(name="with_base")([base, residual])

    def start(self, model: "keras.Model", data: "FitData") -> bool:
        from accel.forecasters.closed_form import Grid
        from accel.forecasters.solving import flat, layer_of, silence, solve

        silence(model, OUTPUT)
        if self.base == "ridge":
            grid = None if data.exact else Grid(self.formats.output_kernel, self.formats.bias)
            solve(model, BASE, flat, data, grid)
            layer_of(model, BASE).trainable = False
        return True

    def _ridge(self, flat: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        return kit.dense(flat, shape.outputs, self.formats.output_kernel, self.formats.bias, BASE)

    def _season(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        from accel.qkeras_compat import keras

        if shape.season > shape.look_back:
            raise ChronogateError(
                f"forecast.season = {shape.season} is longer than forecast.look_back = "
                f"{shape.look_back}: raise look_back, or use base = 'ridge'"
            )
        first = shape.look_back - shape.season
        season = keras.layers.Cropping1D((first, 0), name="last_season")(values)
        season = keras.layers.Flatten(name="season_flat")(season)
        places = np.arange(shape.horizon) % shape.season
        matrix = np.zeros((shape.season * shape.channels, shape.outputs))
        for step, place in enumerate(places):
            rows = slice(place * shape.channels, (place + 1) * shape.channels)
            columns = slice(step * len(shape.targets), (step + 1) * len(shape.targets))
            matrix[rows, columns] = shape.picked
        return kit.wires(season, matrix, self.seen, BASE)


FAMILY = HybridModel
