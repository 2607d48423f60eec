"""The network: connections, the golden model's checks, files."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import (
    Activation,
    ChronogateError,
    Feature,
    FixedPoint,
    Flatten,
    Function,
    Metadata,
    Network,
    Node,
    Port,
    Quantizer,
)
from hw.function.leaky_relu import LeakyRelu, quantized_leaky_relu
from hw.function.pointwise import Pointwise
from hw.function.qkeras import power_of_two, real_sigmoid, ternary
from hw.function.quotient import Quotient
from hw.function.table import Curve, make_table
from hw.network.serialization import fingerprint, load_network, save_network
from tests.hw.drawing import draw_codes, draw_network
from tests.hw.graphs import GRAPHS

KINDS = ["mlp", "lstm", "gru_after", "gru_before"]
BYTE = FixedPoint(8, 3)


def chain(*nodes: Node, port: Port | None = None) -> Network:
    return Network("chain", (port or Port("input", 2, BYTE, 3),), nodes, (nodes[-1].name,))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_files_give_the_same_network(kind: str, seed: int, tmp_path: Path) -> None:
    metadata = Metadata((Feature("t", "K", 280.5, 3.0),), (Feature("t", "K"),), 3600.0, 4, 2, "at")
    network = replace(draw_network(seed, kind), metadata=metadata)
    save_network(network, tmp_path)
    loaded = load_network(tmp_path)
    assert fingerprint(loaded) == fingerprint(network)
    assert loaded.metadata == metadata
    assert loaded.timing == network.timing
    port = network.input
    codes = draw_codes(
        np.random.default_rng(seed), port.format, 8, network.look_back, port.channels
    )
    assert loaded.reference(codes).tolist() == network.reference(codes).tolist()


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_come_back_from_files(name: str, tmp_path: Path) -> None:
    network = GRAPHS[name]()
    save_network(network, tmp_path)
    loaded = load_network(tmp_path)
    assert fingerprint(loaded) == fingerprint(network)
    assert loaded.timing == network.timing


@pytest.mark.parametrize(
    "function",
    [
        real_sigmoid(5),
        ternary(),
        power_of_two(4),
        quantized_leaky_relu(6, 2, 0.25),
        LeakyRelu(77, 8),
        Quotient(24, BYTE),
        make_table(Curve.TANH, BYTE, 64),
    ],
    ids=lambda function: type(function).__name__,
)
def test_functions_come_back_from_files(function: Pointwise, tmp_path: Path) -> None:
    network = chain(Node("f", Activation(2, BYTE, function, 3), ("input",)))
    save_network(network, tmp_path)
    loaded = load_network(tmp_path)
    assert fingerprint(loaded) == fingerprint(network)
    codes = np.arange(BYTE.minimum, BYTE.maximum + 1)
    spec = loaded.nodes[0].spec
    assert isinstance(spec, Activation)
    assert spec.function.apply(codes, BYTE).tolist() == function.apply(codes, BYTE).tolist()


def test_fingerprint_sees_one_weight() -> None:
    network = draw_network(0, "mlp")
    dense = network.nodes[-1].spec
    kernel = dense.kernel.copy()
    kernel[0, 0] ^= 1
    nodes = (*network.nodes[:-1], replace(network.nodes[-1], spec=replace(dense, kernel=kernel)))
    assert fingerprint(replace(network, nodes=nodes)) != fingerprint(network)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_trace_shows_every_step(kind: str) -> None:
    network = draw_network(3, kind)
    codes = draw_codes(
        np.random.default_rng(0), network.input_format, 5, network.look_back, network.features
    )
    trace: dict[str, np.ndarray] = {}
    result = network.reference(codes, trace)
    assert {node.name for node in network.nodes} <= set(trace)
    assert trace[network.outputs[0]].tolist() == result.tolist()
    steps = trace[f"{kind}.h"]
    assert steps.shape[:2] == (5, network.look_back)
    assert steps[:, -1].tolist() == trace[kind].tolist()


@pytest.mark.parametrize(
    ("port", "message"),
    [
        (Port("input", 3, BYTE, 3), "expects 2 x"),
        (Port("input", 2, FixedPoint(8, 4), 3), r"ap_fixed<8,3> .* gives 2 x ap_fixed<8,4>"),
        (Port("input", 2, FixedPoint(8, 3, signed=False), 3), "ap_ufixed<8,3>"),
        (Port("input", 2, BYTE, 4), "put an Activation between"),
    ],
)
def test_connections_never_convert(port: Port, message: str) -> None:
    with pytest.raises(ChronogateError, match=message):
        chain(Node("flat", Flatten(3, 2, BYTE), ("input",)), port=port)


def test_unused_results_and_repeated_names_are_refused() -> None:
    squeeze = Activation(2, BYTE, Quantizer(Function.LINEAR, BYTE), 3)
    with pytest.raises(ChronogateError, match="nothing uses the result of a"):
        chain(Node("a", squeeze, ("input",)), Node("b", squeeze, ("input",)))
    with pytest.raises(ChronogateError, match="two parts"):
        chain(Node("a", squeeze, ("input",)), Node("a", squeeze, ("a",)))


def test_codes_off_the_input_format_are_refused() -> None:
    network = chain(Node("flat", Flatten(3, 2, BYTE), ("input",)))
    with pytest.raises(ChronogateError, match="outside"):
        network.reference(np.full((1, 3, 2), 128))
    with pytest.raises(ChronogateError, match="shape"):
        network.reference(np.zeros((1, 2, 2), dtype=np.int64))
    with pytest.raises(ChronogateError, match="float64"):
        network.reference(np.zeros((1, 3, 2)))


def damaged(folder: Path, change: str) -> None:
    path = folder / "network.json"
    document = json.loads(path.read_text())
    match change:
        case "missing":
            path.unlink()
            return
        case "truncated":
            path.write_text(path.read_text()[:100])
            return
        case "truncated weights":
            weights = folder / "weights.npz"
            weights.write_bytes(weights.read_bytes()[:-40])
            return
        case "version":
            document["version"] = 99
        case "block":
            document["nodes"][0]["block"] = "Mystery"
        case "key":
            del document["nodes"][0]["spec"]["channels"]
        case "type":
            document["nodes"][0]["spec"]["channels"] = "four"
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    ["missing", "truncated", "truncated weights", "version", "block", "key", "type"],
)
def test_damaged_files_are_refused_with_the_fix(change: str, tmp_path: Path) -> None:
    save_network(draw_network(1, "lstm"), tmp_path)
    damaged(tmp_path, change)
    with pytest.raises(ChronogateError, match="accel convert"):
        load_network(tmp_path)


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    save_network(draw_network(1, "mlp"), tmp_path)
    with np.load(tmp_path / "weights.npz") as archive:
        objects = {key: archive[key].astype(object) for key in archive.files}
    with (tmp_path / "weights.npz").open("wb") as file:
        np.savez(file, **objects)
    with pytest.raises(ChronogateError, match="cannot be read"):
        load_network(tmp_path)
