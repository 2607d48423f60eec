"""Compares forecasts, and on request every layer and time step, with the golden model."""

from dataclasses import dataclass, field

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.recurrent import HIDDEN_STATE, STEP_BEGINS
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.network.graph import Node
from hw.stream import Port
from hw.top.core import identifier, probe_names
from sim.layer_cycles import Counts
from sim.testbench.bench import PERIOD_NS, Bench, codes_of
from sim.testbench.case import Case, TestResult, hits_of
from sim.testbench.handles import bit, block, number, word
from sim.verification import CycleReport, Mismatch


@dataclass
class Scoreboard:
    """Counts what was compared and keeps the first difference.

    Parameters
    ----------
    case
        What the golden model says.
    expected
        Output codes of the windows sent, in place of those of the case.
    place
        How many forecasts came before the first wrong one.
    """

    case: Case
    expected: np.ndarray | None = None
    windows: int = 0
    values: int = 0
    mismatches: int = 0
    first: Mismatch | None = None
    place: int | None = None
    layers: "LayerWatch | None" = field(default=None, repr=False)

    def compare(self, window: int, actual: list[int]) -> None:
        """Compare the forecast of `window` with the golden model's."""
        expected = self.case.expected if self.expected is None else self.expected
        expected = expected[window].ravel()
        self.windows += 1
        self.values += len(expected)
        wrong = np.flatnonzero(expected != np.array(actual))
        self.mismatches += len(wrong)
        if len(wrong) and self.first is None:
            self.place = self.windows - 1
            place = int(wrong[0])
            port = self.case.network.output
            step, channel = divmod(place, port.channels)
            self.first = Mismatch(
                self.case.result,
                None if port.steps is None else step,
                channel,
                int(expected[place]),
                actual[place],
                window,
            )

    def finish(
        self, bench: Bench, test: str, cycles: CycleReport | None = None, counts: Counts = ()
    ) -> None:
        """Write the result and fail the test if anything differs."""
        first = (self.layers.first if self.layers is not None else None) or self.first
        hits = hits_of(self.case, bench.record)
        counters = self.windows, self.values, self.mismatches
        span = None if self.layers is None else self._span(bench)
        TestResult(*counters, first, cycles, hits, counts, span).save(self.case.folder, test)
        assert first is None, str(first)

    def _span(self, bench: Bench) -> tuple[int, int] | None:
        """Return from when until when the first wrong window was there, with all windows sent."""
        network, moved = self.case.network, bench.handshakes
        if self.place is None:
            return None
        begin = moved.input_beats[self.place * network.look_back]
        end = moved.output_beats[(self.place + 1) * network.output.beats - 1]
        return PERIOD_NS * begin, PERIOD_NS * (end + 1)


class LayerWatch:
    """Watches every node's beats, and every recurrent state, in windows sent in order.

    Parameters
    ----------
    bench
        Whose design is watched.
    windows
        Indices of the windows that are sent, in order.
    """

    def __init__(self, bench: Bench, windows: list[int]) -> None:
        self.first: Mismatch | None = None
        self._case = bench.case
        self._windows = windows
        self._clock = bench.clock
        self._core = block(bench.dut, "core")
        self._enable = bit(self._core, "clock_enable")
        for node in self._case.plain.nodes:
            cocotb.start_soon(self._watch_beats(node))
            if isinstance(node.spec, GRU | LSTM | SimpleRNN):
                cocotb.start_soon(self._watch_state(node, node.spec))

    async def _watch_beats(self, node: Node) -> None:
        port = node.spec.outputs[0]
        valid, data = (word(self._core, name) for name in probe_names(node.name))
        beat = 0
        while True:
            await RisingEdge(self._clock)
            if number(self._enable) and number(valid):
                self._check(node.name, node.name, beat, codes_of(number(data), port), port)
                beat += 1

    async def _watch_state(self, node: Node, spec: GRU | LSTM | SimpleRNN) -> None:
        layer = block(self._core, identifier(node.name))
        if self._case.plain.reloadable and not spec.reloadable:
            layer = block(layer, "block")  # of a `hw.layer.convolution.carrier.Carrier`
        begins, hidden = bit(layer, STEP_BEGINS), word(layer, HIDDEN_STATE)
        port = Port("h", spec.units, spec.state, spec.steps)
        golden = f"{node.name}.h"
        trace = self._case.trace
        trace[f"{golden} quantized"] = spec.state.resize(trace[golden], spec.hidden)
        step = 0
        while True:
            await RisingEdge(self._clock)
            if not (number(self._enable) and number(begins)):
                continue
            await RisingEdge(self._clock)
            # What the step that begins sees is the state after the one before; none at the first.
            if step % spec.steps:
                state = codes_of(number(hidden), port)
                self._check(golden, f"{golden} quantized", step - 1, state, port)
            step += 1

    def _check(self, layer: str, golden: str, beat: int, actual: np.ndarray, port: Port) -> None:
        window, step = divmod(beat, port.steps or 1)
        if self.first is not None or window >= len(self._windows):
            return
        index = self._windows[window]
        expected = self._case.trace[golden][index].reshape(-1, port.channels)[step]
        wrong = np.flatnonzero(expected != actual)
        if len(wrong):
            channel = int(wrong[0])
            self.first = Mismatch(
                layer,
                None if port.steps is None else step,
                channel,
                int(expected[channel]),
                int(actual[channel]),
                index,
            )
