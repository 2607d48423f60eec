"""SparseTSF: a linear layer over the periods, the same for every phase of the season.

Lin et al., *SparseTSF: Modeling Long-term Time Series Forecasting with 1k Parameters*
(arXiv:2405.00946). Each phase sees its own past, look_back / season values, so a few hundred
weights forecast weeks. A convolution over one season, added to the window, lets neighbouring
phases be heard.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from accel.forecasters.family import Family
from accel.forecasters.layer_names import OUTPUT
from accel.forecasters.shape import Shape
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.forecasters.fit_data import FitData
    from accel.forecasters.kit import Kit, Tensor
    from accel.qkeras_compat import keras

NEIGHBOURS = "neighbours"


class SparseTsfModel(Family):
    """``family = "sparse_tsf"``: its period is ``forecast.season``.

    Parameters
    ----------
    neighbours
        Whether phases hear their neighbours, by a convolution of one target's window.
    """

    closed_form: ClassVar[bool] = True

    family: Literal["sparse_tsf"]
    normalization: Literal["none", "mean", "last"] = "mean"
    neighbours: bool = True

    @property
    def dense_layers(self) -> tuple[str, ...]:
        return (*((NEIGHBOURS,) if self.neighbours else ()), OUTPUT)

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        from accel.forecasters.channels import targets_of
        from accel.qkeras_compat import keras

        layers, season, targets = keras.layers, shape.season, len(shape.targets)
        for key in ("look_back", "horizon"):
            if getattr(shape, key) % season:
                raise ChronogateError(
                    f"forecast.{key} = {getattr(shape, key)} is no multiple of forecast.season = "
                    f"{season}, which the family sparse_tsf needs: change one of them"
                )
        if self.neighbours and targets > 1:
            raise ChronogateError(
                f"model.neighbours mixes the {targets} targets of data.targets: set neighbours = "
                "false, or forecast one target"
            )
        values = targets_of(values, shape, self.seen, kit)
        if self.neighbours:
            values = self._with_neighbours(values, season, kit)
        past, future = shape.look_back // season, shape.horizon // season
        values = layers.Reshape((past, season * targets), name="periods")(values)
        values = layers.Permute((2, 1), name="by_phase")(values)
        forecast = kit.output_layer(values, future, self.formats)
        if future > 1:
            forecast = layers.Permute((2, 1), name="by_period")(forecast)
        return layers.Flatten(name="forecast_flat")(forecast)

    def start(self, model: "keras.Model", data: "FitData") -> bool:
        from accel.forecasters.closed_form import Grid
        from accel.forecasters.solving import silence, solve

        if self.neighbours:
            silence(model, NEIGHBOURS)
        shape = data.shape
        rows, future = shape.season * len(shape.targets), shape.horizon // shape.season

        def arrange(forecasts: np.ndarray) -> np.ndarray:
            return forecasts.reshape(len(forecasts), future, rows).transpose(0, 2, 1)

        grid = None if data.exact else Grid(self.formats.output_kernel, self.formats.bias)
        solve(model, OUTPUT, arrange, data, grid)
        return True

    def _with_neighbours(self, values: "Tensor", season: int, kit: "Kit") -> "Tensor":
        from accel.forecasters.kit import quantizer
        from accel.qkeras_compat import keras, qkeras

        size = 2 * (season // 2) + 1
        layer = kit.layer(
            lambda: qkeras.QConv1D(
                1, size, padding="same", use_bias=False,
                kernel_quantizer=quantizer(self.formats.kernel), name=NEIGHBOURS,
            ),
            lambda: keras.layers.Conv1D(1, size, padding="same", use_bias=False, name=NEIGHBOURS),
        )  # fmt: skip
        both = keras.layers.Add(name="with_neighbours")([values, layer(values)])
        return kit.quantize(both, self.formats.normalized, "heard")


FAMILY = SparseTsfModel
