"""Calibration: the binary points of weights and values from what is seen on training rows.

Each format keeps its bits, or takes those of `weights` and `values`, and its point goes where
rounding and clipping together cost least square error. Without training behind it (`epochs = 0`)
this is quantization after training. Formats inside of recurrent layers (state, gates) stay.
"""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from accel.compression.method import Changed, Method
from accel.forecasters.layer_names import INPUT_QUANTIZER

if TYPE_CHECKING:
    from accel.compression.distillation import Imitation
    from accel.compression.grids import WeightGrid
    from accel.compression.lesson import Lesson
    from accel.qkeras_compat import keras

WINDOWS = 1024
"""Most training windows of which the values are seen."""


class Calibrate(Method):
    """``method = "calibrate"``.

    Parameters
    ----------
    weights, values
        Bits of all kernels, and of all values between the input and the forecast; without, each
        keeps its own. Biases, input and forecast always keep theirs.
    epochs, learning_rate
        Of a training behind it.
    imitate
        Weight, in that training's loss, of the squared distance from the forecasts of the model
        as it was before (beside 1 for the error).
    """

    method: Literal["calibrate"]
    weights: Annotated[int | None, Field(ge=2, le=16)] = None
    values: Annotated[int | None, Field(ge=2, le=16)] = None
    epochs: Annotated[int, Field(ge=0)] = 0
    learning_rate: Annotated[float, Field(gt=0)] = 0.002
    imitate: Annotated[float, Field(ge=0)] = 0.0

    def apply(self, model: "keras.Model", lesson: "Lesson") -> Changed:
        from accel.compression.grids import best_grid
        from accel.compression.kernels import ROLES, weights_of
        from accel.compression.rebuild import regridded

        grids: dict[str, WeightGrid] = {}
        for weight in weights_of(model, tuple(ROLES), frozen=True):
            if weight.grid is not None:
                bits = weight.grid.bits
                if self.weights is not None and weight.role != "bias":
                    bits = self.weights
                grids[weight.key] = best_grid(weight.values, bits)
        quantizers, points = self._seen(model, lesson)
        points |= {key: grid.integer for key, grid in grids.items()}
        result = regridded(model, grids, quantizers)
        guide = self._guide(result, model, lesson)
        lesson.train_on(result, self.epochs, self.learning_rate, guide)
        return Changed(result, {"integer": points})

    def _guide(
        self, model: "keras.Model", teacher: "keras.Model", lesson: "Lesson"
    ) -> "Imitation | None":
        from accel.compression.distillation import Imitation
        from accel.training.fitting import predict_float32

        if not self.imitate or not self.epochs:
            return None
        return Imitation(model, predict_float32(teacher, lesson.train.inputs), self.imitate)

    def _seen(
        self, model: "keras.Model", lesson: "Lesson"
    ) -> tuple[dict[str, object], dict[str, int]]:
        """Return for each activation its new quantizer, and its bits left of the point."""
        from accel.forecasters.layer_names import OUTPUT_QUANTIZER
        from accel.qkeras_compat import keras, qkeras
        from accel.training.fitting import evaluate_all

        rounding = (qkeras.quantized_bits, qkeras.quantized_relu)
        layers = [
            layer
            for layer in model.layers
            if isinstance(layer, qkeras.QActivation) and isinstance(layer.quantizer, rounding)
        ]
        seen = keras.Model(model.input, [layer.input for layer in layers])
        taken = evaluate_all(seen, lesson.some(WINDOWS).inputs)
        quantizers: dict[str, object] = {}
        points: dict[str, int] = {}
        for layer, values in zip(layers, taken, strict=True):
            old = layer.quantizer
            bits = int(old.bits)
            if self.values is not None and layer.name not in (INPUT_QUANTIZER, OUTPUT_QUANTIZER):
                bits = self.values
            signed = isinstance(old, qkeras.quantized_bits)
            points[layer.name] = best_point(values, bits, signed)
            quantizers[layer.name] = (
                qkeras.quantized_bits(bits, points[layer.name], alpha=1)
                if signed
                else qkeras.quantized_relu(bits, points[layer.name])
            )
        return quantizers, points


def best_point(values: np.ndarray, bits: int, signed: bool) -> int:
    """Return the bits left of the point, 0 or more, that cost `values` the least square error."""

    def error(integer: int) -> float:
        step = 2.0 ** (integer + signed - bits)
        lowest = -(2 ** (bits - 1)) if signed else 0
        codes = np.clip(np.rint(values / step), lowest, 2 ** (bits - signed) - 1)
        wanted = values if signed else np.maximum(values, 0.0)
        return float(np.mean((codes * step - wanted) ** 2))

    return min(range(bits), key=error)


METHOD = Calibrate
