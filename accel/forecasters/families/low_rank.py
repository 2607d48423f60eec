"""Low rank: two dense layers with few values between them, begun by reduced-rank regression."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from accel.forecasters.formats import Positive
from accel.forecasters.layer_names import OUTPUT, dense_name
from accel.forecasters.linear_layer import LinearLayer
from accel.forecasters.shape import Shape

if TYPE_CHECKING:
    from accel.forecasters.fit_data import FitData
    from accel.forecasters.kit import Kit, Tensor
    from accel.qkeras_compat import keras

PENALTY = 10.0
"""Of the regression whose main directions the first layer takes; the second chooses its own."""


class LowRankModel(LinearLayer):
    """``family = "low_rank"``: rank x (inputs + outputs) weights instead of inputs x outputs.

    Parameters
    ----------
    rank
        Values between the layers, in the format ``hidden``.
    """

    closed_form: ClassVar[bool] = True

    family: Literal["low_rank"]
    rank: Positive

    @property
    def dense_layers(self) -> tuple[str, ...]:
        return (dense_name(0), OUTPUT)

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        formats = self.formats
        values = self.arranged_window(values, shape, kit)
        values = kit.dense(values, self.rank, formats.kernel, formats.bias, dense_name(0))
        values = kit.quantize(values, formats.hidden, "factors")
        return self.arranged_forecast(kit.output_layer(values, self.width(shape), formats))

    def start(self, model: "keras.Model", data: "FitData") -> bool:
        from accel.forecasters.closed_form import Grid, Linear, low_rank, rounded
        from accel.forecasters.solving import rows, set_linear, silence, solve

        formats, first = self.formats, dense_name(0)
        silence(model, OUTPUT)
        factor = low_rank(
            rows(model, first, self.arrange(data.shape), data.train), self.rank, PENALTY
        )
        if not data.exact:
            factor = rounded(factor, formats.kernel)
        set_linear(model, first, Linear(factor, np.zeros(self.rank)))
        grid = None if data.exact else Grid(formats.output_kernel, formats.bias)
        solve(model, OUTPUT, self.arrange(data.shape), data, grid)
        return True


FAMILY = LowRankModel
