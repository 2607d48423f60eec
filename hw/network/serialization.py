"""``network.json`` + ``weights.npz``: a network on disk, without pickle, checked when read back."""

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from types import UnionType
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints
from zipfile import BadZipFile

import numpy as np

from hw.block import Spec
from hw.errors import ChronogateError
from hw.function.leaky_relu import LeakyRelu
from hw.function.pointwise import Pointwise
from hw.function.quantizer import Quantizer
from hw.function.quotient import Quotient
from hw.function.staircase import Staircase
from hw.function.table import Table
from hw.layer.activation import Activation
from hw.layer.add import Add
from hw.layer.batch_normalization import BatchNormalization
from hw.layer.concatenate import Concatenate
from hw.layer.conv1d import Conv1D
from hw.layer.crop import Crop
from hw.layer.delta_gru import DeltaGRU
from hw.layer.delta_lstm import DeltaLSTM
from hw.layer.dense import Dense
from hw.layer.depthwise_conv1d import DepthwiseConv1D
from hw.layer.element_quantizer import ElementQuantizer
from hw.layer.flatten import Flatten
from hw.layer.gru import GRU
from hw.layer.lstm import LSTM
from hw.layer.moving_average import MovingAverage
from hw.layer.multiply import Multiply
from hw.layer.pooling import AveragePooling, MaxPooling
from hw.layer.replay import Replay
from hw.layer.select import Select
from hw.layer.shared_dense import SharedDense
from hw.layer.shared_lstm import SharedLSTM
from hw.layer.simple_rnn import SimpleRNN
from hw.layer.unflatten import Unflatten
from hw.layer.unrolled_dense import UnrolledDense
from hw.layer.unrolled_lstm import UnrolledLSTM
from hw.layer.window_sum import WindowSum
from hw.network.graph import Network, Node
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.stream import Port

T = TypeVar("T")

VERSION = 3
BLOCKS: dict[str, type[Spec]] = {
    block.__name__: block
    for block in (
        Activation,
        Add,
        AveragePooling,
        BatchNormalization,
        Concatenate,
        Conv1D,
        Crop,
        DeltaGRU,
        DeltaLSTM,
        Dense,
        DepthwiseConv1D,
        ElementQuantizer,
        Flatten,
        GRU,
        LSTM,
        MaxPooling,
        MovingAverage,
        Multiply,
        Replay,
        Select,
        SharedDense,
        SharedLSTM,
        SimpleRNN,
        Unflatten,
        UnrolledDense,
        UnrolledLSTM,
        WindowSum,
    )
}
"""Every block that can stand in a file, by name; a new block is added here."""
FUNCTIONS: dict[str, type] = {
    function.__name__: function for function in (LeakyRelu, Quantizer, Quotient, Staircase, Table)
}
"""Every function of one value that can stand in a file, by name; a new one is added here."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def encode_network(network: Network) -> tuple[str, dict[str, np.ndarray]]:
    """Return the JSON document and the arrays of `network`."""
    arrays: dict[str, np.ndarray] = {}
    document = {
        "version": VERSION,
        "name": network.name,
        "inputs": [_encode(port, "", arrays) for port in network.inputs],
        "nodes": [
            {
                "name": node.name,
                "block": type(node.spec).__name__,
                "inputs": list(node.inputs),
                "spec": _encode(node.spec, node.name, arrays),
            }
            for node in network.nodes
        ],
        "outputs": list(network.outputs),
        "metadata": _encode(network.metadata, "", arrays),
        "mode": str(network.mode),
    }
    return json.dumps(document, indent=2), arrays


def save_network(network: Network, folder: Path) -> None:
    """Write both files into `folder`, which is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    document, arrays = encode_network(network)
    (folder / "network.json").write_text(document + "\n")
    with (folder / "weights.npz").open("wb") as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def load_network(folder: Path) -> Network:
    """Read a network.

    Raises
    ------
    ChronogateError
        When a file is missing, truncated, of another version or does not describe a network.
    """
    try:
        document = json.loads((folder / "network.json").read_text())
        with (
            (folder / "weights.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as archive,
        ):
            arrays = {key: archive[key] for key in archive.files}
    except FileNotFoundError as error:
        raise ChronogateError(f"{error.filename} is missing: run `accel convert` first") from None
    except (ValueError, OSError, BadZipFile) as error:
        raise ChronogateError(
            f"the network in {folder} cannot be read ({error}): run `accel convert` again"
        ) from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ChronogateError(
            f"{folder / 'network.json'} is not of version {VERSION}: run `accel convert` again"
        )
    try:
        return Network(
            name=str(document["name"]),
            inputs=tuple(_decode(Port, port, arrays) for port in document["inputs"]),
            nodes=tuple(
                Node(
                    str(node["name"]),
                    _decode(BLOCKS[node["block"]], node["spec"], arrays),
                    tuple(str(name) for name in node["inputs"]),
                )
                for node in document["nodes"]
            ),
            outputs=tuple(str(name) for name in document["outputs"]),
            metadata=_decode(Metadata, document["metadata"], arrays),
            mode=Mode(document["mode"]),
        )
    except ChronogateError:
        raise
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise ChronogateError(
            f"the network in {folder} is damaged ({error!r}): run `accel convert` again"
        ) from None


def fingerprint(network: Network) -> str:
    """Return the SHA-256 of the serialized network, hexadecimal."""
    document, arrays = encode_network(network)
    digest = sha256(document.encode())
    for key in sorted(arrays):
        digest.update(key.encode() + np.ascontiguousarray(arrays[key]).tobytes())
    return digest.hexdigest()


def _encode(value: object, path: str, arrays: dict[str, np.ndarray]) -> Json:
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return path
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return [_encode(item, f"{path}.{i}", arrays) for i, item in enumerate(value)]
    if is_dataclass(value):
        kind = {"kind": type(value).__name__} if type(value) in FUNCTIONS.values() else {}
        return kind | {
            item.name: _encode(getattr(value, item.name), f"{path}.{item.name}", arrays)
            for item in fields(value)
        }
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{path}: {type(value).__name__} has no place in network.json")


def _decode(kind: type[T], value: Json, arrays: dict[str, np.ndarray]) -> T:
    """Read `value` as `kind`: a dataclass, a number format, an array, or a plain value."""
    return cast(T, _decode_any(kind, value, arrays))


def _decode_any(kind: type, value: Json, arrays: dict[str, np.ndarray]) -> object:
    if get_origin(kind) in (Union, UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        return None if value is None else _decode_any(options[0], value, arrays)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise TypeError(f"expected a list, found {value!r}")
        return tuple(_decode_any(get_args(kind)[0], item, arrays) for item in value)
    if kind is np.ndarray:
        return _int_array(arrays[str(value)])
    if kind is Pointwise:
        if not isinstance(value, dict):
            raise TypeError(f"expected a function, found {value!r}")
        rest = {key: item for key, item in value.items() if key != "kind"}
        return _decode_dataclass(FUNCTIONS[str(value["kind"])], rest, arrays)
    if is_dataclass(kind):
        return _decode_dataclass(kind, value, arrays)
    if issubclass(kind, Enum):
        return kind(value)
    if kind is float and isinstance(value, int):
        return float(value)
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, found {value!r}")
    return value


def _decode_dataclass(kind: type, value: Json, arrays: dict[str, np.ndarray]) -> object:
    hints = get_type_hints(kind)
    if not isinstance(value, dict) or set(value) != {item.name for item in fields(kind)}:
        raise TypeError(f"expected {kind.__name__}, found {value!r}")
    return kind(**{key: _decode_any(hints[key], item, arrays) for key, item in value.items()})


def _int_array(array: np.ndarray) -> np.ndarray:
    if array.dtype != np.int64:
        raise TypeError(f"weights of type {array.dtype}")
    array.setflags(write=False)
    return array
