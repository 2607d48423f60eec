"""Tables of a configuration file that need no registry: data, forecast, training and so on."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from accel.datasets.calendar import Cycle
from accel.datasets.registry import find_dataset

Positive = Annotated[int, Field(ge=1)]
LaxCycle = Annotated[Cycle, Field(strict=False)]  # TOML has strings, not enumerations


class Section(BaseModel):
    """A table of the file: unknown keys are refused, values are not converted, nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AnnualConfig(Section):
    """``[data.annual]``: the course of the year, which is taken away (`accel.datasets.annual`)."""

    harmonics: Annotated[int, Field(ge=1, le=24)] = 4
    weight: Annotated[float, Field(gt=0, le=1)] = 0.5


class DataConfig(Section):
    """``[data]``: which columns of which file, and what to do about its flaws."""

    dataset: str | None = None
    file: Annotated[Path | None, Field(strict=False)] = None
    time_column: str | None = None
    time_format: str | None = None
    step: str | None = None
    features: Annotated[tuple[str, ...], Field(strict=False)] = ()
    calendar: Annotated[tuple[LaxCycle, ...], Field(strict=False)] = ()
    targets: Annotated[tuple[str, ...], Field(strict=False)] = ()
    units: dict[str, str] = {}
    gaps: Literal["refuse", "fill"] = "refuse"
    duplicates: Literal["refuse", "first"] = "refuse"
    irregular: Literal["refuse", "last"] = "refuse"
    transform: Literal["none", "returns", "sqrt"] = "none"
    center: bool = True
    annual: AnnualConfig | None = None
    split: Annotated[tuple[float, float, float], Field(strict=False)] = (0.6, 0.2, 0.2)
    split_rows: Annotated[tuple[int, int, int] | None, Field(strict=False)] = None
    train_rows: Positive | None = None

    @field_validator("features", "calendar", "targets")
    @classmethod
    def _no_repetition(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for position, name in enumerate(names):
            if name in names[:position]:
                raise ValueError(f"{name!r} is listed twice: list each name once")
        return names

    @field_validator("split")
    @classmethod
    def _whole_split(cls, split: tuple[float, float, float]) -> tuple[float, float, float]:
        # As written in the file: 0.7 + 0.1 + 0.2 is 1 in decimals, not in binary fractions.
        if min(split) <= 0 or sum(Fraction(str(part)) for part in split) != 1:
            raise ValueError("give three positive fractions that add up to 1, like [0.6, 0.2, 0.2]")
        return split

    @field_validator("split_rows")
    @classmethod
    def _rising_rows(cls, rows: tuple[int, int, int] | None) -> tuple[int, int, int] | None:
        if rows is not None and not 0 < rows[0] < rows[1] < rows[2]:
            raise ValueError(
                "give the rows where training, validation and test end, like [8640, 11520, 14400]"
            )
        return rows

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.annual is not None and self.transform == "returns":
            raise ValueError(
                "returns have no course of the year: leave out `annual` or `transform`"
            )
        if self.dataset is None and self.file is None:
            raise ValueError("name a data set (`dataset`) or a CSV file of your own (`file`)")
        if self.dataset is not None:
            dataset = find_dataset(self.dataset)
            if self.file is None and not dataset.bundled:
                raise ValueError(
                    f"{dataset.name} is not shipped ({dataset.licence}): "
                    "download it and name your copy with `file`"
                )
            return self
        if self.time_column is None:
            raise ValueError("name the column of time stamps (`time_column`)")
        if not self.targets:
            raise ValueError("name the columns to forecast (`targets`)")
        return self


class ForecastConfig(Section):
    """``[forecast]``: how far back the forecaster looks and how far ahead it answers, in steps."""

    look_back: Positive
    horizon: Positive
    season: Positive = 24


class TrainingConfig(Section):
    """``[training]``."""

    epochs: Annotated[int, Field(ge=0)] = 30
    patience: Positive = 8
    loss: Literal["squared", "absolute"] = "squared"
    batch_size: Positive = 256
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    window_stride: Positive = 2
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    float_twin: bool = False


class VerificationConfig(Section):
    """``[verification]``: how many test windows go through the hardware."""

    windows: Positive = 1000
    testbench_windows: Positive = 32
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
