"""A float forecaster, and the same one in few bits, fine-tuned from the float weights."""

from dataclasses import dataclass

from accel.compression.distillation import Imitation
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
from accel.training.fitting import fit, predict_float32, seed_everything
from accel.training.learning import shape_of
from accel.training.prepared import PreparedData

FINER = 3
"""The second training of the float forecaster begins at a third of its learning rate."""


@dataclass(frozen=True)
class Tuning:
    """The second training, which a forecaster in few bits is fine-tuned by.

    Parameters
    ----------
    epochs
        Of each trial.
    rates
        Learning rates to try.
    imitate
        Weights to try of the squared distance from the float forecaster's forecasts, beside 1 for
        the error.
    """

    epochs: int
    rates: tuple[float, ...]
    imitate: tuple[float, ...]


@dataclass(frozen=True)
class Width:
    """Bits of all kernels; of all values that are multiplied; and of forecasts, which are not.

    Biases have 8 bits.
    """

    weights: int
    values: int
    forecasts: int = 12

    def __str__(self) -> str:
        last = "" if self.forecasts == 12 else f", forecasts {self.forecasts} bits"
        return f"W{self.weights}A{self.values}{last}"


WIDTHS = (Width(8, 8), Width(6, 6), Width(4, 8), Width(4, 8, 8), Width(4, 4))


def lesson_of(config: Config, data: PreparedData) -> Lesson:
    """Return what all trainings of a configuration learn from."""
    seen = data.train.picked(slice(None, None, config.training.window_stride))
    series = data.scaled_targets[data.split.start : data.split.train]
    return Lesson(seen, data.validation, config.training, shape_of(config), series)


@dataclass(frozen=True, eq=False)
class InFloat:
    """A float forecaster, trained once and then a second time."""

    once: keras.Model
    twice: keras.Model


def floating(config: Config, data: PreparedData, tuning: Tuning) -> InFloat:
    """Return the forecaster in float, trained as long in all as one in few bits.

    The second training is done at two rates more than are tried in few bits, the first one's and
    a part of it; the best one on validation stays.
    """
    lesson, training = lesson_of(config, data), config.training
    seed_everything(training.seed)
    once = build_float_twin(config.model, lesson.shape)
    fitted = config.model.start(
        once, FitData(lesson.shape, data.train, data.validation, exact=True)
    )
    fit(once, lesson.train, lesson.validation, training, lambda units: None, fitted)

    def trained(rate: float) -> keras.Model:
        model = keras.models.clone_model(once)
        model.set_weights(once.get_weights())
        lesson.train_on(model, tuning.epochs, rate)
        return model

    tried = (training.learning_rate / FINER, training.learning_rate, *tuning.rates)
    return InFloat(once, min((trained(rate) for rate in tried), key=lesson.error))


def narrowed(
    config: Config, data: PreparedData, source: InFloat, width: Width, tuning: Tuning
) -> keras.Model:
    """Return the forecaster in few bits that is best on validation, of those fine-tuned.

    The weights of the float forecaster trained once, then binary points where weights and values
    of training windows want them, then a second training, from the truth and from the forecasts
    of the better float forecaster.
    """
    lesson = lesson_of(config, data)
    seed_everything(config.training.seed)
    wide = build_forecaster(with_bits(config.model, width), lesson.shape)
    for layer in wide.layers:
        if layer.weights and not layer.name.endswith(WIRES):
            layer.set_weights(layer_of(source.once, layer.name).get_weights())
    method = Calibrate(method="calibrate", weights=width.weights, values=width.values)
    taught = predict_float32(source.twice, lesson.train.inputs)

    def tuned(rate: float, imitate: float) -> keras.Model:
        model = method.apply(wide, lesson).model
        lesson.train_on(model, tuning.epochs, rate, Imitation(model, taught, imitate))
        return model

    tried = (tuned(rate, imitate) for rate in tuning.rates for imitate in tuning.imitate)
    return min(tried, key=lesson.error)


def with_bits(model: Family, width: Width) -> Family:
    """Return a family with so many bits for values, and weights that hold those of a float one."""
    values = {"bits": width.values, "integer": min(3, width.values - 1)}
    wide = {"bits": 16, "integer": 3}
    formats = {
        **dict.fromkeys(("input", "level", "normalized", "hidden"), values),
        "output": {"bits": width.forecasts, "integer": min(3, width.forecasts - 1)},
        **dict.fromkeys(("kernel", "output_kernel"), wide),
        "bias": {"bits": 8, "integer": 2},
    }
    settings = model.model_dump() | {"formats": formats}
    return FAMILIES[model.family].model_validate(settings, strict=False)
