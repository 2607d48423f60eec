"""What a model's file may hold: no code, no other files, and no more than fits into memory.

Keras runs code that comes with a model: the byte code of a `Lambda`, and any module that a
configuration names, is imported (`_retrieve_class_or_fn` in Keras's serialization_lib.py). Neither
converts to hardware, so files that hold them are refused before Keras sees them.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import h5py

from hw.errors import ChronogateError

LARGEST = 1 << 30
"""Bytes of weights; an accelerator has a thousandth of that."""

TRUSTED = ("keras", "tf_keras", "qkeras", "builtins")
"""Packages that a configuration may name."""

CODE = ("Lambda", "__lambda__", "__tensor__", "lambda")


def check_h5(path: Path) -> None:
    """Refuse an HDF5 model that would run code, read other files or fill the memory.

    Raises
    ------
    ChronogateError
        When it would, or when the file is no HDF5 file.
    """
    try:
        with h5py.File(path) as file:
            size = sum(_sizes(file, path))
            text = file.attrs.get("model_config")
    except (OSError, RuntimeError, KeyError) as error:
        raise ChronogateError(
            f"{path} cannot be read as HDF5 ({error}): save the model again"
        ) from None
    if size > LARGEST:
        raise ChronogateError(
            f"{path} unpacks to {size >> 20:,} MB of weights, more than {LARGEST >> 20:,}: "
            "save a model that is meant for an accelerator"
        )
    if text is None:
        raise ChronogateError(
            f"{path} holds weights but no model: save it with model.save('{path.name}')"
        )
    check_config(text if isinstance(text, str) else bytes(text).decode("utf-8", "replace"), path)


def check_config(text: str, path: Path) -> None:
    """Refuse a model's configuration, JSON, that holds code or names modules beyond Keras's."""
    try:
        config = json.loads(text)
        found = next(_suspects(config), None)
    except (ValueError, RecursionError):
        raise ChronogateError(
            f"{path} holds a model whose configuration is no JSON: save the model again"
        ) from None
    if found is not None:
        raise ChronogateError(
            f"{path} holds {found}, which would run as code when the model is loaded: build the "
            "model from Keras and QKeras layers alone"
        )


def _sizes(group: h5py.Group, path: Path) -> Iterator[int]:
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ChronogateError(f"{path} links to {name!r} elsewhere: save the model again")
        child = group[name]
        if isinstance(child, h5py.Group):
            yield from _sizes(child, path)
        elif isinstance(child, h5py.Dataset):
            if child.external or child.is_virtual:
                raise ChronogateError(f"{path} takes {name!r} from another file: save it again")
            yield child.size * child.dtype.itemsize


def _suspects(config: object) -> Iterator[str]:
    """Yield what a part of a configuration would run, as a noun."""
    if isinstance(config, list):
        for item in config:
            yield from _suspects(item)
    if not isinstance(config, dict):
        return
    kind, module = config.get("class_name"), config.get("module")
    if kind in CODE or config.get("function_type") == "lambda":
        yield "a Lambda"
    if isinstance(module, str) and module.split(".")[0] not in TRUSTED:
        yield f"something of the module {module!r}"
    for item in config.values():
        yield from _suspects(item)
