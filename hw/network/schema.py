"""The JSON Schema of ``network.json``, read off the dataclasses that it is written from."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from inspect import cleandoc, getdoc
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

import numpy as np

from hw.function.pointwise import Pointwise
from hw.network.codec import Json
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.network.serialization import BLOCKS, FUNCTIONS, KEYS, VERSION
from hw.network.weight_arrays import ARRAYS
from hw.stream import Port

Schema = dict[str, Json]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def network_schema() -> Schema:
    """Return the schema of ``network.json``, draft 2020-12.

    What it cannot say is left to `hw.network.serialization.load_network`: that connected ports
    agree, that codes lie within their formats, and the hashes.
    """
    schemas = _Schemas()
    names: Schema = {"type": "array", "items": {"type": "string"}}
    blocks: list[Json] = [
        _object(
            {
                "name": {"type": "string"},
                "block": {"const": name},
                "inputs": names,
                "spec": schemas.of(block),
            }
        )
        for name, block in BLOCKS.items()
    ]
    array = _object(
        {
            "dtype": {"const": "int64"},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "sha256": {**_HASH, "description": "Of the array's little-endian bytes, C order."},
        }
    )
    properties: Schema = {
        "version": {"const": VERSION},
        "name": {"type": "string"},
        "mode": schemas.of(Mode),
        "inputs": {"type": "array", "minItems": 1, "items": schemas.of(Port)},
        "nodes": {
            "type": "array",
            "description": "Blocks in topological order.",
            "items": {"oneOf": blocks},
        },
        "outputs": {**names, "minItems": 1},
        "metadata": schemas.of(Metadata),
        "weights": {
            "type": "object",
            "description": "The arrays of weights.npz, each named by the place it is used at.",
            "additionalProperties": array,
        },
        "fingerprint": {
            **_HASH,
            "description": "SHA-256 of this document without this key, as JSON in ASCII with "
            "sorted keys and without spaces.",
        },
    }
    assert tuple(properties) == KEYS
    return {
        "$schema": DIALECT,
        "title": "Chronogate network",
        "description": "A quantized network: blocks of integer arithmetic, joined into a graph. "
        "Its arrays lie in weights.npz beside it.",
        **_object(properties),
        "$defs": dict(sorted(schemas.definitions.items())),
    }


@dataclass(frozen=True)
class _Schemas:
    """Schemas of types; dataclasses and choices become definitions of their own."""

    definitions: Schema = field(default_factory=dict)

    def of(self, kind: type) -> Schema:
        """Return the schema of a type hint, as `hw.network.codec` reads it."""
        if get_origin(kind) in (Union, UnionType):
            options = [option for option in get_args(kind) if option is not type(None)]
            return {"anyOf": [self.of(options[0]), {"type": "null"}]}
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        if kind is Pointwise:
            return self._reference(kind.__name__, lambda: {"oneOf": self._functions()})
        if is_dataclass(kind):
            return self._reference(kind.__name__, lambda: self._dataclass(kind))
        if issubclass(kind, Enum):
            choices: Schema = {"enum": [str(member.value) for member in kind]}
            return self._reference(
                kind.__name__, lambda: {"description": _summary(kind), **choices}
            )
        return dict(_PLAIN[kind])

    def _reference(self, name: str, make: Callable[[], Schema]) -> Schema:
        if name not in self.definitions:
            self.definitions[name] = None  # so that a type within itself ends
            self.definitions[name] = make()
        return {"$ref": f"#/$defs/{name}"}

    def _functions(self) -> list[Json]:
        return [self.of(function) for function in FUNCTIONS.values()]

    def _dataclass(self, kind: type) -> Schema:
        hints, texts = get_type_hints(kind), _parameters(kind)
        properties: Schema = {}
        if kind in FUNCTIONS.values():
            properties["kind"] = {"const": kind.__name__}
        for item in fields(kind):
            schema = self._array(kind, item.name) if hints[item.name] is np.ndarray else None
            text: Schema = {"description": texts[item.name]} if item.name in texts else {}
            properties[item.name] = {**text, **(schema or self.of(hints[item.name]))}
        return {"description": _summary(kind), **_object(properties)}

    def _array(self, kind: type, name: str) -> Schema:
        wanted = ARRAYS[kind.__name__][name]
        return {
            "type": "string",
            "$comment": f"an array of weights.npz with the axes ({', '.join(wanted.axes)}), codes "
            f"of {wanted.format}",
        }


_PLAIN: dict[type, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
}


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _summary(kind: type) -> str:
    return (getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")


def _parameters(kind: type) -> dict[str, str]:
    """Read the descriptions off docstrings in NumPy's style, those of inherited fields included."""
    texts: dict[str, str] = {}
    for part in reversed(kind.__mro__):
        texts |= _described(cleandoc(vars(part).get("__doc__") or ""))
    return texts


def _described(text: str) -> dict[str, str]:
    section = re.search(r"Parameters\n-+\n(.*?)(?:\n\n(?=\S)|\Z)", text, re.S)
    found: dict[str, str] = {}
    for names, description in re.findall(
        r"^(\w[^\n]*)\n((?:    [^\n]*\n?)+)", section[1] if section else "", re.M
    ):
        for name in names.split(", "):
            found[name] = " ".join(description.split())
    return found
