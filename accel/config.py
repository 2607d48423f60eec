"""Config: one forecaster, from data to board, as read from a TOML file.

Every key is described where it is used most: in the commented files of ``accel/examples``, of
which `template` returns one.
"""

import re
import tomllib
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from accel.compression.registry import AnyMethod
from accel.config_errors import describe
from accel.datasets.calendar import Cycle
from accel.datasets.registry import find_dataset
from accel.forecasters.registry import FAMILIES, AnyModel
from accel.search.settings import SearchConfig
from hw.errors import ChronogateError

NAME_PATTERN = r"[A-Za-z][A-Za-z0-9_-]*"
EXAMPLES = tuple(FAMILIES)

Positive = Annotated[int, Field(ge=1)]
LaxCycle = Annotated[Cycle, Field(strict=False)]  # TOML has strings, not enumerations


class Section(BaseModel):
    """A table of the file: unknown keys are refused, values are not converted, nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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
    transform: Literal["none", "returns"] = "none"
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


class Config(Section):
    """A whole configuration file."""

    name: Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]
    board: str = "ulx3s-85f"
    data: DataConfig
    forecast: ForecastConfig
    model: AnyModel
    training: TrainingConfig = TrainingConfig()
    compress: Annotated[tuple[AnyMethod, ...], Field(strict=False)] = ()
    verification: VerificationConfig = VerificationConfig()
    search: SearchConfig | None = None


def load_config(path: Path) -> Config:
    """Read a configuration file.

    Relative paths are taken as relative to the configuration's own folder.

    Raises
    ------
    ChronogateError
        Naming the file, the key, its value and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ChronogateError(
            f"there is no configuration {path}: write one with `accel new NAME`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ChronogateError(f"{path} cannot be read as a text file: {error}") from error
    return located(parse_config(text, str(path)), path.parent.resolve())


def located(config: Config, folder: Path) -> Config:
    """Return a configuration with its relative paths taken as relative to a folder."""
    changes: dict[str, object] = {
        "compress": tuple(method.located(folder) for method in config.compress)
    }
    if config.data.file is not None:
        changes["data"] = config.data.model_copy(update={"file": folder / config.data.file})
    return config.model_copy(update=changes)


def parse_config(text: str, source: str) -> Config:
    """Check the text of a configuration; `source` names it in messages.

    Raises
    ------
    ChronogateError
        As `load_config`.
    """
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ChronogateError(f"{source} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise ChronogateError(f"{source}: {describe(error, Config)}") from error


def example(family: str) -> str:
    """Return the text of ``accel/examples/<family>.toml``.

    Raises
    ------
    ChronogateError
        When there is no such example.
    """
    if family not in EXAMPLES:
        raise ChronogateError(f"there is no example {family!r}: use one of {', '.join(EXAMPLES)}")
    return files("accel").joinpath("examples", f"{family}.toml").read_text(encoding="utf-8")


def template(name: str, family: str = "gru") -> str:
    """Return a commented configuration called `name`, to start from.

    Raises
    ------
    ChronogateError
        When `name` is no name, or there is no such family.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise ChronogateError(
            f"{name!r} cannot be a name: begin with a letter, go on with letters, digits, - and _"
        )
    text = example(family)
    return re.sub(r'^name = "[^"]*"', f'name = "{name}"', text, count=1, flags=re.MULTILINE)
