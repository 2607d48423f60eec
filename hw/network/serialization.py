"""``network.json`` + ``weights.npz``: a network on disk, without pickle, checked when read back.

The JSON names every array with its SHA-256 (`hw.network.weight_file`) and ends in a fingerprint of
itself, so that files which were cut off, changed or taken from two networks are refused. The
document's form is published as a JSON Schema (`hw.network.schema`).
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import cast

import numpy as np

from hw.block import Spec
from hw.errors import ChronogateError
from hw.function.leaky_relu import LeakyRelu
from hw.function.quantizer import Quantizer
from hw.function.quotient import Quotient
from hw.function.staircase import Staircase
from hw.function.table import Table
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.convolution.moving_average import MovingAverage
from hw.layer.convolution.pooling import AveragePooling, MaxPooling
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.delta.gru import DeltaGRU
from hw.layer.delta.lstm import DeltaLSTM
from hw.layer.dense.dense import Dense
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.dense.unrolled_dense import UnrolledDense
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.element_quantizer import ElementQuantizer
from hw.layer.elementwise.multiply import Multiply
from hw.layer.elementwise.select import Select
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shape.crop import Crop
from hw.layer.shape.flatten import Flatten
from hw.layer.shape.replay import Replay
from hw.layer.shape.unflatten import Unflatten
from hw.layer.shared_lstm.shared_lstm import SharedLSTM
from hw.network.codec import Codec, Json, as_list, as_object, misfit
from hw.network.graph import Network, Node
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.network.weight_arrays import check_arrays
from hw.network.weight_file import Damaged, manifest, read_arrays, write_arrays
from hw.stream import Port

VERSION = 4
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


def register_block(block: type[Spec]) -> None:
    """Let networks with a block of your own be written and read.

    Its arrays are described in `hw.network.weight_arrays.ARRAYS`.

    Raises
    ------
    ChronogateError
        When another block has its name.
    """
    _register(BLOCKS, block)


def register_function(function: type) -> None:
    """Let networks with a function (`Pointwise`) of your own be written and read."""
    _register(FUNCTIONS, function)


def _register(known: dict[str, type], added: type) -> None:
    if known.setdefault(added.__name__, added) is not added:
        raise ChronogateError(f"there is a {added.__name__} already: give yours another name")


KEYS = (
    "version", "name", "mode", "inputs", "nodes", "outputs", "metadata", "weights", "fingerprint"
)  # fmt: skip
"""Keys of the document."""
_AGAIN = "run `accel convert` again"


def encode_network(network: Network) -> tuple[dict[str, Json], dict[str, np.ndarray]]:
    """Return the document and the arrays of `network`.

    Raises
    ------
    ChronogateError
        When a number is not finite, or an array does not fit its block.
    """
    for node in network.nodes:
        check_arrays(node.spec, node.name)
    codec = Codec(FUNCTIONS, {})
    document: dict[str, Json] = {
        "version": VERSION,
        "name": network.name,
        "mode": str(network.mode),
        "inputs": [codec.encode(port, port.name) for port in network.inputs],
        "nodes": [
            {
                "name": node.name,
                "block": type(node.spec).__name__,
                "inputs": list(node.inputs),
                "spec": codec.encode(node.spec, node.name),
            }
            for node in network.nodes
        ],
        "outputs": list(network.outputs),
        "metadata": codec.encode(network.metadata, "metadata"),
    }
    document["weights"] = cast(Json, manifest(codec.arrays))
    document["fingerprint"] = document_fingerprint(document)
    return document, codec.arrays


def document_fingerprint(document: dict[str, Json]) -> str:
    """Return the SHA-256 of a document without its ``fingerprint``, keys sorted, no spaces."""
    rest = {key: value for key, value in document.items() if key != "fingerprint"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def save_network(network: Network, folder: Path) -> None:
    """Write both files into `folder`, which is made if missing."""
    document, arrays = encode_network(network)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "network.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    write_arrays(folder / "weights.npz", arrays)


def load_network(folder: Path) -> Network:
    """Read a network.

    Raises
    ------
    ChronogateError
        When a file is missing, truncated, changed, of another version or does not describe a
        network.
    """
    try:
        return _load(folder)
    except ChronogateError:
        raise
    except Damaged as error:
        raise ChronogateError(f"{error}: {_AGAIN}") from None
    except (
        ArithmeticError, AssertionError, AttributeError, IndexError, KeyError, MemoryError,
        RecursionError, TypeError, ValueError,
    ) as error:  # fmt: skip
        reason = str(error) if isinstance(error, TypeError) else repr(error)
        raise ChronogateError(
            f"{folder / 'network.json'} is damaged ({reason}): {_AGAIN}"
        ) from None


def _load(folder: Path) -> Network:
    path = folder / "network.json"
    document = _read_document(path)
    if document.get("version") != VERSION:
        raise Damaged(
            f"{path} is of version {document.get('version')!r:.20}, and this program reads "
            f"version {VERSION}"
        )
    as_object(document, KEYS, "the document")
    if document["fingerprint"] != document_fingerprint(document):
        raise Damaged(f"{path} was changed after it was written")
    archive = folder / "weights.npz"
    codec = Codec(FUNCTIONS, read_arrays(archive, document["weights"]))
    nodes = enumerate(as_list(document["nodes"], "nodes"))
    network = Network(
        name=codec.decode(str, document["name"], "name"),
        inputs=codec.decode(tuple[Port, ...], document["inputs"], "inputs"),
        nodes=tuple(_decode_node(node, codec, f"nodes.{i}") for i, node in nodes),
        outputs=codec.decode(tuple[str, ...], document["outputs"], "outputs"),
        metadata=codec.decode(Metadata, document["metadata"], "metadata"),
        mode=codec.decode(Mode, document["mode"], "mode"),
    )
    unused = set(codec.arrays) - set(encode_network(network)[1])
    if unused:
        raise Damaged(f"no node uses the array {min(unused)!r} of {archive}")
    return network


def fingerprint(network: Network) -> str:
    """Return the SHA-256 of the serialized network, hexadecimal."""
    return str(encode_network(network)[0]["fingerprint"])


def _read_document(path: Path) -> dict[str, Json]:
    def refuse(constant: str) -> Json:
        raise Damaged(f"{path} holds {constant}, which is no number")

    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except FileNotFoundError:
        raise Damaged(f"{path} is missing") from None
    except Damaged:
        raise
    except (ValueError, OSError, RecursionError) as error:
        raise Damaged(f"{path} cannot be read ({error})") from None
    if not isinstance(document, dict):
        raise Damaged(f"{path} does not describe a network")
    return document


def _decode_node(value: Json, codec: Codec, path: str) -> Node:
    node = as_object(value, ("name", "block", "inputs", "spec"), path)
    block = node["block"]
    if not isinstance(block, str) or block not in BLOCKS:
        raise misfit(f"{path}.block", "a block of this version", block)
    # Arrays are called by the node's name.
    name = codec.decode(str, node["name"], f"{path}.name")
    inputs = codec.decode(tuple[str, ...], node["inputs"], f"{path}.inputs")
    spec = codec.decode(BLOCKS[block], node["spec"], name)
    check_arrays(spec, name)
    return Node(name, spec, inputs)
