"""Ridge: the linear forecaster whose weights come in closed form, on the hardware's grid."""

from typing import TYPE_CHECKING, ClassVar, Literal

from accel.forecasters.layer_names import OUTPUT
from accel.forecasters.linear_layer import LinearLayer

if TYPE_CHECKING:
    from accel.forecasters.fit_data import FitData
    from accel.qkeras_compat import keras


class RidgeModel(LinearLayer):
    """``family = "ridge"``: the penalty is chosen on validation, for the rounded weights."""

    closed_form: ClassVar[bool] = True

    family: Literal["ridge"]

    def start(self, model: "keras.Model", data: "FitData") -> bool:
        from accel.forecasters.closed_form import Grid
        from accel.forecasters.solving import solve

        grid = None if data.exact else Grid(self.formats.output_kernel, self.formats.bias)
        solve(model, OUTPUT, self.arrange(data.shape), data, grid)
        return True


FAMILY = RidgeModel
