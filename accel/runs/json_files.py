"""Frozen dataclasses in JSON files: written whole, checked when read back."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from hw.errors import ChronogateError

Record = TypeVar("Record")


def to_json(record: object) -> str:
    """Return `record`, a dataclass or a list of them, as indented JSON."""
    return TypeAdapter(type(record)).dump_json(record, indent=2).decode()


def write_json(path: Path, record: object) -> None:
    """Write a dataclass as JSON."""
    path.write_text(to_json(record) + "\n", encoding="utf-8")


def read_json(path: Path, kind: type[Record]) -> Record:
    """Read a dataclass of type `kind` back.

    Raises
    ------
    ChronogateError
        When a key is missing or a value has another type.
    """
    try:
        return TypeAdapter(kind).validate_json(path.read_text(encoding="utf-8"), strict=False)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "the file"
        raise ChronogateError(
            f"{path} is not as this version writes it ({place}: {problem['msg']}): "
            "take the step that wrote it again"
        ) from None
