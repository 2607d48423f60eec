"""The case studies: their configurations, forecasters to choose from, and how they learn."""

from dataclasses import dataclass
from pathlib import Path

from accel.configuration.config import Config, example, load_config, parse_config
from tests.bench_accuracy.narrowed import Tuning

CASES = Path("accel/examples/cases")
NAMES = ("weather", "retail", "retail_median", "finance", "energy")


@dataclass(frozen=True)
class Case:
    """A case study: its configuration, the forecasters to choose from, and how they learn."""

    config: Config
    models: tuple[dict[str, object], ...]
    training: dict[str, object]
    tuning: Tuning


def case_of(name: str, file: Path | None = None) -> Case:
    """Return a case study; `file` is the copy of ETTh1 that "energy" wants."""
    match name:
        case "energy":
            models = tuple(
                {"family": "ridge", "normalization": level, "reuse": {"dense": 1008}}
                for level in ("mean", "last")
            )
            training = {"epochs": 40, "learning_rate": 0.001, "batch_size": 128}
            tuning = Tuning(40, (0.0001, 0.0003), (0.0, 4.0))
            config = load_config(CASES / "energy.toml")
            alone = config.data.model_copy(update={"targets": ("OT",), "file": file})
            config = config.model_copy(update={"data": alone})
        case "weather":
            models = tuple(
                {"family": "mlp", "hidden": (units,), "reuse": {"dense": (384, units)}}
                for units in (64, 128)
            )
            training = {"epochs": 50, "learning_rate": 0.003, "window_stride": 1}
            tuning = Tuning(150, (0.002, 0.004), (4.0, 16.0))
            config = parse_config(example("mlp"), "mlp")
        case "retail":
            shared = {"shared": True, "reuse": {"dense": 7}}
            models = (
                {"family": "ridge", **shared},
                {"family": "ridge", **shared, "normalization": "mean"},
                {"family": "mlp", "shared": True, "hidden": (16,), "reuse": {"dense": (28, 16)}},
            )
            training = {"epochs": 80, "learning_rate": 0.003, "batch_size": 16}
            tuning = Tuning(80, (0.006, 0.015), (0.0, 1.0))
            config = load_config(CASES / "retail.toml")
        case "retail_median":
            models = tuple(
                {"family": "mlp", "shared": True, "hidden": (units,),
                 "reuse": {"dense": (28, units)}}
                for units in (32, 64)
            )  # fmt: skip
            training = {"epochs": 80, "learning_rate": 0.003, "batch_size": 16}
            tuning = Tuning(80, (0.006, 0.015), (1.0, 4.0))
            config = load_config(CASES / "retail_median.toml")
        case _:
            models = (
                {"family": "hybrid", "hidden": (8,), "reuse": {"dense": (60, 60, 8)}},
                {"family": "mlp", "hidden": (8,), "reuse": {"dense": (60, 8)}},
            )
            training = {"epochs": 20, "learning_rate": 0.001, "batch_size": 128}
            tuning = Tuning(20, (0.0003, 0.001), (0.0, 1.0))
            config = load_config(CASES / "finance.toml")
    training |= {"patience": training["epochs"], "weight_decay": 0.05}
    return Case(config, models, training, tuning)
