"""Every Python block of README and docs runs, with the names around it that its text speaks of.

A block is in `PREPARED`, with what makes these names, or in `ELSEWHERE`, with where it runs.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hls4ml.converters.keras_v2_to_hls import get_layer_handlers
from hls4ml.model.layers import layer_map

import accel.device
from accel.boards import find_board
from accel.conversion.check import EXTENSIONS
from accel.conversion.layers.registry import HANDLERS
from accel.device import Device, SimulatedBoard
from accel.device.device import answer_seconds
from accel.keras_models.float64 import evaluate_float64
from accel.qkeras_compat import keras, qkeras, tf
from hw import LSTM, Add, Dense, FixedPoint, Network, Node, Port
from hw.network.serialization import save_network
from sim.rtl_model import RtlModel
from tests.accel.conversion.models import bits, chain, dense
from tests.hw.drawing import draw_network
from tests.hw.gates import draw_gated, draw_windows
from tests.hw.many_ports import draw_arrays
from tests.hw.reloading import made_reloadable, other_model
from tests.snippets import DOCUMENTS, LONG, SKIP_LONG, Snippet, snippets

Names = dict[str, Any]
"""What a block of a page finds and leaves: its names are the page's, of any kind."""
Prepare = Callable[[pytest.MonkeyPatch], Names]

BLOCKS = {
    snippet.name: snippet
    for document in DOCUMENTS
    for snippet in snippets(document)
    if snippet.language == "python"
}
ELSEWHERE = {
    "arithmetic.md": "tests/test_documents.py, with its figures",
    "adding.md": "tests/test_adding.py, in a copy of the project",
    "forecasters.md": "an excerpt: compared with the file below",
}


def a_model(monkeypatch: pytest.MonkeyPatch) -> Names:
    """A small QKeras model, windows, and their codes."""
    grid = qkeras.QActivation(bits(8, 1))
    model = chain([grid, keras.layers.Flatten(), dense(2)])
    x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype(np.float32)
    return {"keras_model": model, "model": model, "x": x, "codes": np.zeros((3, 4, 2), int)}


def vitis(monkeypatch: pytest.MonkeyPatch) -> Names:
    """The same; Vitis itself is not here."""
    from hls4ml.model.graph import ModelGraph

    monkeypatch.setattr(ModelGraph, "build", lambda graph, **options: None)
    return {**a_model(monkeypatch), "accel": accel}


def a_layer(monkeypatch: pytest.MonkeyPatch) -> Names:
    """An LSTM of a drawn network."""
    [layer] = [n.spec for n in draw_network(0, "lstm").nodes if isinstance(n.spec, LSTM)]
    return {"layer": layer}


def a_gate(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Two networks that go behind a gate."""
    gated = draw_gated(1, "gru")
    codes = draw_windows(np.random.default_rng(1), gated, 20)
    return {"cheap": gated.cheap, "large": gated.large, "codes": codes}


def a_board(monkeypatch: pytest.MonkeyPatch) -> Names:
    """A network, a window, and the simulated board at the port that the text names."""
    network, board = _sum(), find_board("icebreaker")

    def plugged(port: str, baud: int) -> SimulatedBoard:
        assert (port, baud) == ("/dev/ttyUSB1", board.baud)
        return SimulatedBoard(board.top(network), Path("board"), 12e6, "-O0")

    monkeypatch.setattr(accel.device, "SerialPort", plugged)
    return {"network": network, "scaled_window": np.array([0.25, -0.5])}


def a_reloadable_board(monkeypatch: pytest.MonkeyPatch) -> Names:
    """A connected device whose weights can be replaced, and other weights."""
    network, board = made_reloadable(_sum()), find_board("icebreaker")
    top = board.top(network)
    line = SimulatedBoard(top, Path("board"), 12e6, "-O0")
    device = Device(top, line, answer_seconds(top, 12e6))
    newer = other_model(network, np.random.default_rng(0))
    window = np.array([0.25, -0.5])
    return {"device": device, "network": network, "newer": newer, "scaled_window": window}


def _sum() -> Network:
    format = FixedPoint(6, 2)
    layer = Dense(np.array([[3], [5]]), np.array([1]), format, format, format, reuse=2)
    return Network("sum", (Port("x", 2, format),), (Node("dense", layer, ("x",)),), ("dense",))


def a_run(monkeypatch: pytest.MonkeyPatch) -> Names:
    """The network of ``runs/demo``."""
    network = draw_network(0, "mlp")
    Path("runs/demo").mkdir(parents=True)
    save_network(network, Path("runs/demo"))
    return {}


def two_inputs(monkeypatch: pytest.MonkeyPatch) -> Names:
    """A network with two inputs."""
    format = FixedPoint(6, 2)
    past, store = Port("past", 2, format), Port("store", 2, format)
    add = Node("sum", Add(2, (format, format), (1, 1)), ("past", "store"))
    network = Network("pair", (past, store), (add,), ("sum",))
    arrays = draw_arrays(network, np.random.default_rng(0), 3)
    names = {"network": network, "RtlModel": RtlModel, "folder": Path("build")}
    return names | dict(zip(("past", "store"), arrays, strict=True))


def an_extension(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Nothing but Keras."""
    return {"keras": keras, "tf": tf}


PREPARED: dict[str, Prepare] = {
    "README.md python 1": a_model,
    "adaptive.md python 1": a_layer,
    "adaptive.md python 2": a_gate,
    "boards.md python 1": a_board,
    "boards.md python 2": a_reloadable_board,
    "control.md python 1": a_run,
    "extension.md python 1": an_extension,
    "hls.md python 1": vitis,
    "streams.md python 1": two_inputs,
}


ASSERTED = ("boards.md python 2", "extension.md python 1")
"""Blocks whose results a test of their own looks at."""


def reload_names() -> Names:
    """Names of the block that loads new weights: a bus that takes them, registers, a model."""
    from hw.control.map import control_map, host_memories

    network = made_reloadable(draw_network(0, "mlp"))
    registers = control_map(network, host_memories(network))
    model = other_model(network, np.random.default_rng(0))
    return {"network": network, "registers": registers, "model": model, "Path": Path}


class Bus:
    """A bus that notes what is written, and is never busy."""

    def __init__(self) -> None:
        self.written: list[tuple[int, int]] = []

    def write(self, address: int, word: int) -> None:
        assert 0 <= word < 2**32
        self.written.append((address, word))

    def read(self, address: int) -> int:
        return 0


def run(snippet: Snippet, names: Names) -> Names:
    """Run a block and return its names."""
    namespace = dict(names)
    exec(compile("\n" * (snippet.line - 1) + snippet.text, snippet.document, "exec"), namespace)
    return namespace


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_block_is_run_somewhere() -> None:
    known = {*PREPARED, "control.md python 2"}
    for name in BLOCKS:
        assert name in known or name.split()[0] in ELSEWHERE, f"nothing runs {name}"
    assert known <= set(BLOCKS)


@pytest.mark.parametrize("name", [name for name in PREPARED if name not in ASSERTED])
def test_a_block_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in LONG and SKIP_LONG:
        pytest.skip(f"make snippets: {LONG[name]}")
    run(BLOCKS[name], PREPARED[name](monkeypatch))


@pytest.mark.skipif(SKIP_LONG, reason=f"make snippets: {LONG['boards.md python 2']}")
def test_the_block_of_a_reloadable_board_loads_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    names = run(BLOCKS["boards.md python 2"], a_reloadable_board(monkeypatch))
    codes = names["network"].input_format.quantize(names["scaled_window"])
    assert names["codes"].tolist() == names["newer"].reference(codes[np.newaxis])[0].tolist()
    assert (names["counts"]["input_beats"], names["device"].bank) == (1, 1)
    names["device"].close()


def test_the_block_that_loads_weights_writes_them_all() -> None:
    from hw.control.reload import model_writes

    names = reload_names()
    after = run(BLOCKS["control.md python 2"], names)
    bus = Bus()
    after["load"](bus, names["model"])
    words = list(model_writes(names["network"], names["model"]))
    command = names["registers"].offset("memory_command")
    assert [w for a, w in bus.written if a == command] == [1 << 31 | w.address for w in words]
    assert Path("model.h").stat().st_size > 100


def test_the_block_of_an_extension_converts_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        names = run(BLOCKS["extension.md python 1"], an_extension(monkeypatch))
        layer = names["Reversed"]()
        model = chain([qkeras.QActivation(bits(6, 1)), layer, dense(3)], shape=(3,))
        network = accel.convert(model).network
        x = np.random.default_rng(0).normal(size=(40, 3))
        codes = network.input_format.quantize(x)
        exact = evaluate_float64(model, network.input_format.to_float(codes))
        assert (network.output_format.to_float(network.reference(codes)) == exact).all()
    finally:
        get_layer_handlers().pop("Reversed", None)
        layer_map.pop("HReversed", None)
        HANDLERS.pop("Reversed", None)
        EXTENSIONS.discard("Reversed")


def test_excerpts_are_of_the_file() -> None:
    """The family on the page is the one in the project, but for annotations and docstrings."""
    from tests.snippets import ROOT

    file = (ROOT / "accel" / "forecasters" / "families" / "mlp.py").read_text(encoding="utf-8")
    for line in BLOCKS["forecasters.md python 1"].text.splitlines():
        if not line.strip().startswith("def "):
            assert line in file, line
