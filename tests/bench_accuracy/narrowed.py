"""A float forecaster, and the same one in few bits, fine-tuned from the float weights."""

from collections.abc import Sequence
from dataclasses import dataclass

from accel.compression.lesson import Lesson
from accel.compression.methods.calibrate import Calibrate
from accel.configuration.config import Config
from accel.forecasters.build import build_float_twin, build_forecaster
from accel.forecasters.family import Family
from accel.forecasters.fit_data import FitData
from accel.forecasters.layer_names import WIRES
from accel.forecasters.registry import FAMILIES
from accel.forecasters.solving import layer_of
from accel.qkeras_compat import keras
from accel.training.fitting import fit, seed_everything
from accel.training.learning import shape_of
from accel.training.prepared import PreparedData

FINER = 3
"""The second training of the float forecaster begins at a third of its learning rate."""


@dataclass(frozen=True)
class Width:
    """Bits of all kernels, and of all values: input, hidden ones, level and forecast.

    Biases have 8 bits.
    """

    weights: int
    values: int

    def __str__(self) -> str:
        return f"W{self.weights}A{self.values}"


WIDTHS = (Width(8, 8), Width(6, 6), Width(4, 8), Width(4, 4))


def lesson_of(config: Config, data: PreparedData) -> Lesson:
    """Return what all trainings of a configuration learn from."""
    seen = data.train.picked(slice(None, None, config.training.window_stride))
    series = data.scaled_targets[data.split.start : data.split.train]
    return Lesson(seen, data.validation, config.training, shape_of(config), series)


def floating(config: Config, data: PreparedData) -> keras.Model:
    """Return the forecaster in float, trained twice: as long as one in few bits is in all."""
    lesson, training = lesson_of(config, data), config.training
    seed_everything(training.seed)
    model = build_float_twin(config.model, lesson.shape)
    fitted = config.model.start(
        model, FitData(lesson.shape, data.train, data.validation, exact=True)
    )
    fit(model, lesson.train, lesson.validation, training, lambda units: None, fitted)
    lesson.train_on(model, training.epochs, training.learning_rate / FINER)
    return model


def narrowed(
    config: Config, data: PreparedData, source: keras.Model, width: Width, rates: Sequence[float]
) -> keras.Model:
    """Return the forecaster in few bits that is best on validation, of those fine-tuned.

    The float weights, then binary points where weights and values of training windows want them,
    then as many epochs as the float forecaster's second training.

    Parameters
    ----------
    rates
        Learning rates to try.
    """
    lesson = lesson_of(config, data)
    seed_everything(config.training.seed)
    wide = build_forecaster(with_bits(config.model, width), lesson.shape)
    for layer in wide.layers:
        if layer.weights and not layer.name.endswith(WIRES):
            layer.set_weights(layer_of(source, layer.name).get_weights())
    method = Calibrate(method="calibrate", weights=width.weights, values=width.values)

    def tuned(rate: float) -> keras.Model:
        model = method.apply(wide, lesson).model
        lesson.train_on(model, config.training.epochs, rate)
        return model

    return min((tuned(rate) for rate in rates), key=lesson.error)


def with_bits(model: Family, width: Width) -> Family:
    """Return a family with so many bits for values, and weights that hold those of a float one."""
    values = {"bits": width.values, "integer": min(3, width.values - 1)}
    wide = {"bits": 16, "integer": 3}
    formats = {
        **dict.fromkeys(("input", "level", "normalized", "hidden", "output"), values),
        **dict.fromkeys(("kernel", "output_kernel"), wide),
        "bias": {"bits": 8, "integer": 2},
    }
    settings = model.model_dump() | {"formats": formats}
    return FAMILIES[model.family].model_validate(settings, strict=False)
