"""TimeDistill's claim at our size: one tiny MLP with and without a teacher, five seeds.

The student has eight hidden units and 8-bit weights, on the bundled weather; the teacher is a float
MLP, trained anew for each seed. Both ways start from the same weights and have as many epochs. The
settings of each are the best on validation of as many trials, with another seed; test windows are
looked at last.

    python -m tests.bench_accuracy.distillation
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from accel.compression.distillation import Distillation
from accel.compression.lesson import Lesson
from accel.compression.teachers import Teacher, trained_teacher
from accel.configuration.config import Config, example, parse_config
from accel.forecasters.build import build_forecaster
from accel.qkeras_compat import keras
from accel.training.fitting import fit, mean_error, predict_float32, seed_everything
from accel.training.learning import shape_of
from accel.training.prepared import PreparedData, prepare
from tests.bench_accuracy.seeds import SEEDS, TUNING_SEED, compared, spread

HIDDEN, EPOCHS, STRIDE = 8, 25, 2
TEACHER_SIZE, TEACHER_EPOCHS, TEACHER_RATE = 64, 30, 0.002
RATES = (0.003, 0.006, 0.012)
DECAYS = (0.0, 0.05)
"""Tried without a teacher, with each rate."""
WEIGHTS = (0.02, 0.2)
"""Of the teacher's losses, tried with each rate: as many trials. TimeDistill's own weight, 2, is
far too much where errors are as small as here: with 0.5 the student forgets the truth."""


@dataclass(frozen=True)
class Settings:
    """Settings of a training; `weight` is that of the teacher's losses, 0 without one."""

    rate: float
    decay: float = 0.0
    weight: float = 0.0


@dataclass(frozen=True)
class Errors:
    """Mean squared errors in scaled units."""

    validation: float
    test: float


ALONE = tuple(Settings(rate, decay=decay) for rate, decay in product(RATES, DECAYS))
TAUGHT = tuple(Settings(rate, weight=weight) for rate, weight in product(RATES, WEIGHTS))


def configured(epochs: int) -> Config:
    """Return the weather's MLP with few hidden units."""
    config = parse_config(example("mlp"), "mlp")
    model = config.model.model_copy(update={"hidden": (HIDDEN,)})
    training = {"epochs": epochs, "patience": epochs, "window_stride": STRIDE}
    return config.model_copy(
        update={"model": model, "training": config.training.model_copy(update=training)}
    )


def lesson_of(config: Config, data: PreparedData, seed: int, decay: float = 0.0) -> Lesson:
    """Return what a student or a teacher learns from."""
    changes = {"seed": seed, "weight_decay": decay}
    training = config.training.model_copy(update=changes)
    seen = data.train.picked(slice(None, None, STRIDE))
    return Lesson(seen, data.validation, training, shape_of(config), data.scaled_targets)


def teacher_of(config: Config, data: PreparedData, seed: int, epochs: int) -> Teacher:
    """Train a teacher; its weights decay, or it would be worse on validation than its student."""
    seed_everything(seed)
    lesson = lesson_of(config, data, seed, decay=0.05)
    return trained_teacher("mlp", TEACHER_SIZE, "none", epochs, TEACHER_RATE, lesson)


def student(
    config: Config, data: PreparedData, teacher: Teacher, settings: Settings, seed: int
) -> keras.Model:
    """Train a student from the weights of its seed."""
    lesson = lesson_of(config, data, seed, settings.decay)
    seed_everything(seed)
    model = build_forecaster(config.model, lesson.shape)
    guide = None
    if settings.weight:
        forecasts = teacher.predict(lesson.train.inputs)
        guide = Distillation(model, lesson.shape, forecasts, settings.weight)
    training = lesson.training.model_copy(update={"learning_rate": settings.rate})
    fit(model, lesson.train, data.validation, training, lambda units: None, guide=guide)
    return model


def errors_of(model: keras.Model, data: PreparedData) -> Errors:
    """Return the errors of a model."""
    found = (
        mean_error(predict_float32(model, part.inputs), part)
        for part in (data.validation, data.test)
    )
    return Errors(*found)


def chosen(
    config: Config, data: PreparedData, teacher: Teacher, trials: Sequence[Settings]
) -> Settings:
    """Return the settings with the least error on validation."""

    def error(settings: Settings) -> float:
        model = student(config, data, teacher, settings, TUNING_SEED)
        found = mean_error(predict_float32(model, data.validation.inputs), data.validation)
        print(f"{settings}: validation {found:.4f}", file=sys.stderr)
        return found

    return min(trials, key=error)


def main() -> None:
    """Print the errors of all seeds, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds, one trial, an epoch")
    quick = parser.parse_args().quick
    config = configured(1 if quick else EPOCHS)
    data = prepare(config)
    seeds, epochs = (SEEDS[:2], 2) if quick else (SEEDS, TEACHER_EPOCHS)
    first = teacher_of(config, data, TUNING_SEED, epochs)
    ways = {
        "alone": chosen(config, data, first, ALONE[:1] if quick else ALONE),
        "taught": chosen(config, data, first, TAUGHT[:1] if quick else TAUGHT),
    }
    for name, settings in ways.items():
        print(f"{name}: {settings}", flush=True)
    print("\n| seed | teacher, validation | alone, validation | taught, validation | alone, test "
          "| taught, test |\n|" + "---|" * 6, flush=True)  # fmt: skip
    found: dict[str, list[Errors]] = {name: [] for name in ways}
    for seed in seeds:
        teacher = teacher_of(config, data, seed, epochs)
        for name, settings in ways.items():
            model = student(config, data, teacher, settings, seed)
            found[name].append(errors_of(model, data))
        alone, taught = (errors[-1] for errors in found.values())
        cells = (teacher.error, alone.validation, taught.validation, alone.test, taught.test)
        print(f"| {seed} | " + " | ".join(f"{value:.4f}" for value in cells) + " |", flush=True)
    for part in ("validation", "test"):
        alone, taught = ([getattr(each, part) for each in errors] for errors in found.values())
        print(f"\n{part}: alone {spread(alone)}, taught {spread(taught)}, "
              f"gain {compared(alone, taught)}")  # fmt: skip


if __name__ == "__main__":
    main()
