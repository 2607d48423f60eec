"""What a host writes to replace the weights of a network by those of another of the same shape.

Of the same shape are networks that differ in nothing but the kernels and biases of their
reloadable layers, and in their metadata (scale and offset of the features and of the forecast are
applied by the host). The registers ``shape_hash*`` name the shape.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np

from hw.errors import ChronogateError
from hw.memory_port import Memory
from hw.network.graph import Network, Node
from hw.network.metadata import Metadata
from hw.network.serialization import encode_network
from hw.product.model_store import array_fields, bases, describe, tables_of


@dataclass(frozen=True)
class MemoryWrite:
    """One word for a memory of a design.

    Parameters
    ----------
    memory
        Its number, for the register ``memory_select``.
    address
        The word.
    data
        Its bits, never negative.
    """

    memory: int
    address: int
    data: int


def model_memories(network: Network) -> tuple[Memory, ...]:
    """Return the memories behind which the reloadable layers keep their weights."""
    return tuple(
        describe(
            tables_of(node.spec),
            f"model{index}_{re.sub('[^a-z0-9]', '_', node.name.lower())}",
            f"weights and biases of {node.name}; addresses from hw.control.reload",
        )
        for index, node in enumerate(network.reloadable)
    )


def model_writes(network: Network, model: Network) -> list[MemoryWrite]:
    """Return what to write into `network`'s design before a commit makes it compute `model`.

    Parameters
    ----------
    network
        What the design was made from, or any other of its shape.
    model
        The network to load.

    Raises
    ------
    ChronogateError
        When the two are not of the same shape; the first difference is named.
    """
    check_same_shape(network, model)
    return [
        MemoryWrite(number, address, data)
        for number, node in enumerate(model.reloadable)
        for address, data in _words(node)
    ]


def _words(node: Node) -> Iterator[tuple[int, int]]:
    tables = tables_of(node.spec)
    for base, table in zip(bases(tables), tables, strict=True):
        mask = (1 << table.format.width) - 1
        for (row, lane), code in np.ndenumerate(table.codes):
            yield base + (row << table.lane_bits | lane), int(code) & mask


def shape_fingerprint(network: Network) -> str:
    """Return the SHA-256 of all but what can be loaded and the metadata, hexadecimal."""
    document, arrays = _encoded(network)
    loaded = _loadable(network)
    digest = sha256(json.dumps(document).encode())
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        content = repr(array.shape).encode() if key in loaded else array.tobytes()
        digest.update(key.encode() + content)
    return digest.hexdigest()


def check_same_shape(network: Network, model: Network) -> None:
    """Refuse a model of another shape.

    Raises
    ------
    ChronogateError
        When there is a difference; the first is named.
    """
    if not network.reloadable:
        raise ChronogateError(
            f"no layer of {network.name} is reloadable: build it with reloadable=True"
        )
    field = next(_differences(network, model), None)
    if field is not None:
        raise ChronogateError(
            f"{field} of {model.name} differs from that of the design {network.name} and cannot "
            "be loaded at run time: build a new design"
        )


def _differences(network: Network, model: Network) -> Iterator[str]:
    """Yield the name of each part that differs, but for the values of loadable arrays."""
    (ours, our_arrays), (theirs, their_arrays) = _encoded(network), _encoded(model)
    yield from (f"the field {key!r}" for key in ("inputs", "mode") if ours[key] != theirs[key])
    nodes = list(zip(ours["nodes"], theirs["nodes"], strict=False))
    for one, other in nodes:
        if (one["name"], one["block"]) != (other["name"], other["block"]):
            yield f"layer {other['name']!r} ({other['block']})"
        if one["inputs"] != other["inputs"]:
            yield f"the input of layer {one['name']!r}"
        for field, value in one["spec"].items():
            if value != other["spec"].get(field):
                yield f"{field!r} of layer {one['name']!r}"
    if len(ours["nodes"]) != len(theirs["nodes"]):
        yield "the number of layers"
    if ours["outputs"] != theirs["outputs"]:
        yield "the output"
    loaded = _loadable(network)
    for key, array in our_arrays.items():
        if array.shape != their_arrays[key].shape:
            yield f"the shape of {key!r}"
        if key not in loaded and (array != their_arrays[key]).any():
            yield repr(key)


def _encoded(network: Network) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the serialized network without its name, its metadata and the hashes of weights."""
    document, arrays = encode_network(replace(network, name="", metadata=Metadata()))
    rest = {key: value for key, value in document.items() if key not in ("weights", "fingerprint")}
    return rest, arrays


def _loadable(network: Network) -> set[str]:
    """Return the keys of the arrays that can be loaded."""
    return {f"{n.name}.{key}" for n in network.reloadable for key in array_fields(n.spec)}
