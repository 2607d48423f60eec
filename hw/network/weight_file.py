"""``weights.npz`` and its manifest, which ``network.json`` carries: name, type, shape, SHA-256."""

import struct
import zlib
from collections.abc import Mapping
from hashlib import sha256
from math import prod
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

DTYPE = "int64"
"""Type of every array."""

_HEADER_BYTES = 1024
"""More than any header of an array in the archive."""


class Damaged(Exception):
    """What is wrong with a file; whoever knows where it came from adds the remedy."""


Manifest = dict[str, dict[str, str | list[int]]]


def manifest(arrays: Mapping[str, np.ndarray]) -> Manifest:
    """Return what ``network.json`` says of each array."""
    return {
        name: {"dtype": str(array.dtype), "shape": list(array.shape), "sha256": _digest(array)}
        for name, array in arrays.items()
    }


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the archive."""
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def read_arrays(path: Path, wanted: object) -> dict[str, np.ndarray]:
    """Read the archive, which must hold just what the manifest `wanted` says.

    Raises
    ------
    Damaged
        When the archive is missing, truncated or not one, or an array is missing, there without
        need, or not the one of the manifest.
    """
    entries = _checked_manifest(wanted)
    try:
        _check_sizes(path, entries)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise Damaged(f"{path} is missing") from None
    except (
        AttributeError, BadZipFile, EOFError, KeyError, MemoryError, NotImplementedError, OSError,
        RuntimeError, SyntaxError, TypeError, ValueError, struct.error, zlib.error,
    ) as error:  # fmt: skip
        raise Damaged(f"{path} cannot be read ({error})") from None
    for name, (shape, digest) in entries.items():
        array = arrays.get(name)
        if array is None:
            raise Damaged(f"{path} lacks the array {name!r} of network.json")
        if str(array.dtype) != DTYPE or array.shape != shape:
            raise Damaged(
                f"array {name!r} in {path} is {array.dtype} {array.shape}, not {DTYPE} {shape} "
                "as network.json says"
            )
        if _digest(array) != digest:
            raise Damaged(
                f"array {name!r} in {path} is not the one that network.json was written with"
            )
    return arrays


def _check_sizes(path: Path, entries: Mapping[str, tuple[tuple[int, ...], str]]) -> None:
    """Refuse an archive of other names, or of more bytes, before any of it is unpacked."""
    with ZipFile(path) as archive:
        names: set[str] = set()
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name not in entries or name in names:
                raise Damaged(f"{path} holds an array {name!r} that network.json does not name")
            names.add(name)
            if member.file_size > 8 * prod(entries[name][0]) + _HEADER_BYTES:
                raise Damaged(f"array {name!r} in {path} is larger than network.json says")


def _checked_manifest(wanted: object) -> dict[str, tuple[tuple[int, ...], str]]:
    if not isinstance(wanted, dict):
        raise TypeError("weights: expected an object")
    entries: dict[str, tuple[tuple[int, ...], str]] = {}
    for name, entry in wanted.items():
        match entry:
            case {"dtype": "int64", "shape": [*shape], "sha256": str(digest), **rest} if (
                not rest and all(type(size) is int and size >= 0 for size in shape)
            ):
                entries[name] = tuple(shape), digest
            case _:
                raise TypeError(f"weights.{name}: expected dtype int64, shape and sha256")
    return entries


def _digest(array: np.ndarray) -> str:
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    return sha256(little.tobytes()).hexdigest()
