"""Config: one forecaster, from data to board, as read from a TOML file.

Every key is described where it is used most: in the commented files of ``accel/examples``, of
which `template` returns one.
"""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from accel.compression.registry import AnyMethod
from accel.configuration.errors import describe
from accel.configuration.sections import (
    DataConfig,
    ForecastConfig,
    Section,
    TrainingConfig,
    VerificationConfig,
)
from accel.forecasters.registry import FAMILIES, AnyModel
from accel.search.settings import SearchConfig
from hw.errors import ChronogateError

NAME_PATTERN = r"[A-Za-z][A-Za-z0-9_-]*"
EXAMPLES = tuple(FAMILIES)


class Config(Section):
    """A whole configuration file."""

    name: Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]
    board: str = "ulx3s-85f"
    registers: bool = False
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
