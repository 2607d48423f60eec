"""From a file with ``[search]`` to the configuration of one trial."""

import json
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import tomli_w
from pydantic import ValidationError

from accel.configuration.config import Config, load_config, located
from accel.configuration.errors import describe
from accel.search.settings import Range, SearchConfig
from hw.errors import ChronogateError

Values = Mapping[str, object]
"""By the dotted key of a configuration, what it becomes."""


@dataclass(frozen=True, eq=False)
class Space:
    """A configuration and what varies in it.

    Parameters
    ----------
    document
        The file as it is, without ``[search]``.
    search
        What varies.
    folder
        The file's, which its paths are relative to.
    """

    document: Mapping[str, Any]
    search: SearchConfig
    folder: Path

    @property
    def name(self) -> str:
        """The configuration's name."""
        return str(self.document["name"])

    def suggest(self, trial: optuna.Trial) -> dict[str, object]:
        """Draw a value for each key that varies."""
        return {key: _drawn(trial, key, choice) for key, choice in self.search.vary.items()}

    def changed(self, values: Values) -> dict[str, Any]:
        """Return the file with other values."""
        document = deepcopy(dict(self.document))
        for key, value in values.items():
            _put(document, key, value)
        return document

    def config(self, values: Values) -> Config:
        """Return the configuration of a trial.

        Raises
        ------
        ChronogateError
            When the values do not go together.
        """
        return located(_checked(self.changed(values)), self.folder)

    def text(self, values: Values) -> str:
        """Return the file of a trial, which stands anywhere: its paths are absolute."""
        document, config = self.changed(values), self.config(values)
        if config.data.file is not None:
            document["data"]["file"] = str(config.data.file)
        for table, method in zip(document.get("compress", ()), config.compress, strict=True):
            if "run" in table:
                table["run"] = str(method.model_dump()["run"])
        return tomli_w.dumps(document)


def read_space(path: Path) -> Space:
    """Read a configuration with ``[search]``.

    Raises
    ------
    ChronogateError
        When it is wrong, has nothing to search, or names a key that is not there.
    """
    config = load_config(path)
    if config.search is None:
        raise ChronogateError(
            f"{path} has no [search]: say there what to vary, as docs/search.md shows"
        )
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    del document["search"]
    space = Space(document, config.search, path.parent.resolve())
    for key, choice in config.search.vary.items():
        for value in choice if isinstance(choice, list) else (choice.low, choice.high):
            try:
                _checked(space.changed({key: value}))
            except ChronogateError as error:
                raise ChronogateError(f"{path}: search.vary.{key!r} = {value}: {error}") from None
    return space


def _checked(document: Mapping[str, Any]) -> Config:
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise ChronogateError(describe(error, Config)) from None


def _drawn(trial: optuna.Trial, key: str, choice: list[Any] | Range) -> object:
    if isinstance(choice, list):
        # Optuna's categories are single values.
        return json.loads(trial.suggest_categorical(key, [json.dumps(each) for each in choice]))
    if choice.whole:
        step = 1 if choice.step is None else int(choice.step)
        return trial.suggest_int(key, int(choice.low), int(choice.high), step=step, log=choice.log)
    return trial.suggest_float(key, choice.low, choice.high, step=choice.step, log=choice.log)


def _put(document: dict[str, Any], key: str, value: object) -> None:
    """Set a value by its dotted key; numbers count the tables of a list from 0."""
    *path, last = key.split(".")
    place: Any = document
    for part in path:
        if part.isdecimal():
            if not isinstance(place, list) or int(part) >= len(place):
                raise ChronogateError(f"there is no table {part} in {key!r}: count from 0")
            place = place[int(part)]
        elif isinstance(place, dict):
            place = place.setdefault(part, {})
        if not isinstance(place, dict | list):
            raise ChronogateError(f"{part!r} in {key!r} is no table: name a key of one")
    if isinstance(place, list):
        raise ChronogateError(f"{key!r} names a table: name a key in it")
    place[last] = value
