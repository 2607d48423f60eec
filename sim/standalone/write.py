"""Writes the stand-alone testbench of a design: golden vectors beside fixed files."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.network.graph import Network
from hw.stream import Port
from hw.top.axi import input_prefixes, output_prefixes
from hw.top.entry import padded_width
from sim.beats import InputBeats, OutputBeats, arrange
from sim.cocotb_runner import is_plain
from sim.streams import pack

FILES = ("Makefile", "run.py", "test_accelerator.py")
VECTORS = "vectors.json"


@dataclass(frozen=True)
class Vectors:
    """What ``vectors.json`` holds; the testbench beside it reads the same names.

    Parameters
    ----------
    name
        Of the design.
    inputs, outputs
        A stream each: pins, format, and beats as hexadecimal ``tdata``, ``tlast``, ``tid``.
    cycles
        What the design promises, or ``None`` where time depends on data or order.
    settle_cycles, patience_cycles
        After which nothing more comes, and within which everything has come.
    """

    name: str
    inputs: Sequence["StreamVectors"]
    outputs: Sequence["StreamVectors"]
    cycles: "Promise | None"
    settle_cycles: int
    patience_cycles: int


@dataclass(frozen=True)
class StreamVectors:
    """One stream of `Vectors`."""

    prefix: str
    channels: int
    width: int
    padded_width: int
    signed: bool
    beats: Sequence[tuple[str, int, int]]


@dataclass(frozen=True)
class Promise:
    """Cycles by contract, and the beats that they are counted at."""

    input: int
    input_beats: int
    output_beats: int
    awaited: int
    latency_cycles: int
    interval_cycles: int


def write_testbench(design: Design, arrays: Sequence[np.ndarray], folder: Path) -> None:
    """Write a testbench that needs cocotb and a simulator only.

    Parameters
    ----------
    design
        Its Verilog is expected in ``../rtl``.
    arrays
        Input codes as `Network.evaluate` takes them, an array for each input.
    folder
        Gets ``Makefile``, ``run.py``, ``test_accelerator.py`` and ``vectors.json``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(Path(__file__).parent / name, folder / name)
    document = json.dumps(vectors(design, arrays), default=vars, indent=1)
    (folder / VECTORS).write_text(document + "\n", encoding="utf-8")


def vectors(design: Design, arrays: Sequence[np.ndarray]) -> Vectors:
    """Return the golden model's beats for `arrays`."""
    beats = arrange(design, arrays)
    inputs = zip(input_prefixes(design).values(), beats.inputs, design.inputs, strict=True)
    outputs = zip(
        output_prefixes(design), beats.outputs, design.output_ports, _results(design, arrays),
        strict=True,
    )  # fmt: skip
    timing = design.worst_timing
    sent = max(len(stream.codes) for stream in beats.inputs)
    settle = timing.latency_cycles + timing.interval_cycles + timing.window_cycles
    return Vectors(
        design.name,
        [_input(*stream) for stream in inputs],
        [_output(*stream) for stream in outputs],
        _promise(design),
        settle,
        # Stalls in nine cycles of ten, and then some.
        40 * (settle + sent * (timing.interval_cycles + 1)),
    )


def _results(design: Design, arrays: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
    if isinstance(design, GatedNetwork):
        return (design.reference(arrays[0]).outputs,)
    return design.evaluate(arrays)


def _input(prefix: str, beats: InputBeats, port: Port) -> StreamVectors:
    return _stream(prefix, port, beats.codes, beats.last, beats.series)


def _output(prefix: str, beats: OutputBeats, port: Port, results: np.ndarray) -> StreamVectors:
    return _stream(prefix, port, beats.expected(results), beats.places[:, 2], beats.series)


def _stream(
    prefix: str, port: Port, codes: np.ndarray, last: np.ndarray, series: np.ndarray
) -> StreamVectors:
    words = [row[::-1].tobytes().hex() for row in pack(codes, port)]
    beats = list(zip(words, last.tolist(), series.tolist(), strict=True))
    form = port.format
    return StreamVectors(prefix, port.channels, form.width, padded_width(port), form.signed, beats)


def _promise(design: Design) -> Promise | None:
    if not isinstance(design, Network) or design.is_adaptive or not is_plain(design):
        return None
    awaited = design.schedule.awaited(design.schedule.leaving[0])[0]
    timing = design.timing
    return Promise(
        0, design.look_back, design.output.beats, int(awaited),
        timing.latency_cycles, timing.interval_cycles,
    )  # fmt: skip
