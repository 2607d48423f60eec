"""One readable sentence about the first thing that is wrong in a configuration."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from accel.compression.registry import METHODS
from accel.forecasters.registry import FAMILIES


def describe(error: ValidationError, config: type[BaseModel]) -> str:
    """Say which key is wrong, what its value is and what is allowed.

    Parameters
    ----------
    error
        What pydantic found; the first unknown key counts most, for it explains what is missing.
    config
        The class of the whole file, to suggest keys that exist.
    """
    details = error.errors()
    unknown = [detail for detail in details if detail["type"] == "extra_forbidden"]
    first = (unknown or details)[0]
    others = len(details) - 1
    more = f" (and {others} more)" if others else ""
    return _sentence(first, config) + more


def _sentence(detail: ErrorDetails, config: type[BaseModel]) -> str:
    path = tuple(str(part) for part in detail["loc"])
    key = _key(path)
    match detail["type"]:
        case "extra_forbidden":
            return f"there is no key {key!r}{_suggestion(path, config)}"
        case "missing":
            return f"the key {key!r} is missing: write it"
        case "union_tag_invalid" | "union_tag_not_found":
            if path[0] == "compress":
                return f"compress.method must be one of {', '.join(METHODS)}"
            return f"model.family must be one of {', '.join(FAMILIES)}"
        case "value_error":
            where = f"{key}: " if key else ""
            return where + str(detail["ctx"]["error"]) if "ctx" in detail else where
        case _:
            allowed = detail["msg"].removeprefix("Input ").removeprefix("should ")
            allowed = allowed.replace("valid tuple", "list in square brackets")
            return f"{key} is {detail['input']!r} and should {allowed}"


def _key(path: tuple[str, ...]) -> str:
    """Return the dotted key as in the file: without the names of pydantic's alternatives."""
    shown: list[str] = []
    for position, part in enumerate(path):
        tag = position == 1 and path[0] == "model" and part in FAMILIES
        tag |= position == 2 and path[0] == "compress"
        alternative = part in ("int", "constrained-int", "Range") or "[" in part
        if not tag and not alternative:
            shown.append(part)
    return ".".join(shown)


def _suggestion(path: tuple[str, ...], config: type[BaseModel]) -> str:
    known: list[str] = []
    for model in _sections(config, path[:-1]):
        known += model.model_fields
    close = get_close_matches(path[-1], known, n=1)
    if close:
        return f": did you mean {close[0]!r}?"
    return f": the keys here are {', '.join(sorted(known))}" if known else ""


def _sections(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[type[BaseModel]]:
    """Yield the classes that a table of the file may be."""
    if not path:
        yield model
        return
    if path[0] == "compress" and len(path) == 3 and path[2] in METHODS:
        yield METHODS[path[2]]
        return
    field = model.model_fields.get(path[0])
    if field is None:
        return
    options = get_args(field.annotation) or (field.annotation,)
    rest = path[1:]
    if len(options) > 1 and rest and rest[0] in FAMILIES:
        options, rest = (FAMILIES[rest[0]],), rest[1:]
    for option in options:
        if isinstance(option, type) and issubclass(option, BaseModel):
            yield from _sections(option, rest)
