"""Frozen dataclasses as JSON and back; their arrays lie beside it, under the name of their place.

Nothing is guessed: a key too many, a key too few or a value of another type is a `TypeError` whose
text names the place, for whoever says which file it was.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from math import isfinite
from types import UnionType
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from hw.errors import ChronogateError
from hw.function.pointwise import Pointwise

T = TypeVar("T")

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, eq=False)
class Codec:
    """What an encoding refers to.

    Parameters
    ----------
    functions
        Classes that can stand where a `Pointwise` is wanted, by name.
    arrays
        Filled by `encode`, read by `decode`.
    """

    functions: Mapping[str, type]
    arrays: dict[str, np.ndarray]

    def encode(self, value: object, path: str) -> Json:
        """Return `value`, whose place is `path`, as JSON."""
        if isinstance(value, np.ndarray):
            self.arrays[path] = value
            return path
        if isinstance(value, Enum):
            return str(value.value)
        if isinstance(value, tuple):
            return [self.encode(item, f"{path}.{i}") for i, item in enumerate(value)]
        if is_dataclass(value):
            named = type(value) in self.functions.values()
            kind: dict[str, Json] = {"kind": type(value).__name__} if named else {}
            return kind | {
                item.name: self.encode(getattr(value, item.name), f"{path}.{item.name}")
                for item in fields(value)
            }
        if isinstance(value, float) and not isfinite(value):
            raise ChronogateError(f"{path} is {value}, which no file can hold: give a number")
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        raise TypeError(f"{path}: {type(value).__name__} has no place in network.json")

    def decode(self, kind: type[T], value: Json, path: str) -> T:
        """Read `value`, whose place is `path`, as `kind`: a dataclass, an array, a plain value.

        Raises
        ------
        TypeError
            When it is anything else.
        """
        return cast(T, self._decode(kind, value, path))

    def _decode(self, kind: type, value: Json, path: str) -> object:
        if get_origin(kind) in (Union, UnionType):
            options = [option for option in get_args(kind) if option is not type(None)]
            return None if value is None else self._decode(options[0], value, path)
        if get_origin(kind) is tuple:
            items = enumerate(as_list(value, path))
            return tuple(self._decode(get_args(kind)[0], item, f"{path}.{i}") for i, item in items)
        if kind is np.ndarray:
            if value != path or path not in self.arrays:
                raise misfit(path, f"the array {path!r}", value)
            self.arrays[path].setflags(write=False)
            return self.arrays[path]
        if kind is Pointwise:
            return self._function(value, path)
        if is_dataclass(kind):
            return self._dataclass(kind, value, path)
        if issubclass(kind, Enum):
            choices = [str(member.value) for member in kind]
            if value not in choices:
                raise misfit(path, f"one of {', '.join(choices)}", value)
            return kind(value)
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            raise misfit(path, kind.__name__, value)
        return value

    def _function(self, value: Json, path: str) -> object:
        name = value.get("kind") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(name, str) or name not in self.functions:
            raise misfit(path, f"one of {', '.join(self.functions)}", name or value)
        rest = {key: item for key, item in value.items() if key != "kind"}
        return self._dataclass(self.functions[name], rest, path)

    def _dataclass(self, kind: type, value: Json, path: str) -> object:
        hints = get_type_hints(kind)
        given = as_object(value, [item.name for item in fields(kind)], path)
        return kind(
            **{key: self._decode(hints[key], item, f"{path}.{key}") for key, item in given.items()}
        )


def as_list(value: Json, path: str) -> list[Json]:
    """Return `value`, which must be a list."""
    if not isinstance(value, list):
        raise misfit(path, "a list", value)
    return value


def as_object(value: Json, keys: Collection[str], path: str) -> dict[str, Json]:
    """Return `value`, which must be an object of just these keys."""
    if not isinstance(value, dict):
        raise misfit(path, "an object", value)
    for problem, names in (("lacks", set(keys) - set(value)), ("has", set(value) - set(keys))):
        if names:
            raise TypeError(f"{path} {problem} {min(names)!r}")
    return value


def misfit(path: str, expected: str, found: object) -> TypeError:
    """Return the error of a value that is not what it should be."""
    return TypeError(f"{path}: expected {expected}, found {found!r:.60}")
