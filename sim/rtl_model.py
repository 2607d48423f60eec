"""The RTL in this process: NumPy codes in, NumPy codes out, every handshake's cycle noted."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hw.errors import ChronogateError
from hw.network.codes import Codes
from hw.network.design import Design
from hw.network.mode import Mode
from hw.stream import Port
from hw.top.axi import output_prefixes
from sim.beats import Beats, arrange
from sim.library import FOREVER, RunResult, load_library
from sim.rtl_run import Exchange, RtlRun
from sim.streams import CStream, StreamBuffer, counts, structures, unpack, wrong_mark
from sim.verilated import build_library

BATCH_WINDOWS = 256
"""Windows in one call of the library, between two ticks of a progress bar."""

_BROKEN = {
    1: "no handshake for {patience} cycles: the design hangs",
    2: "{stream}_tdata changed while {stream}_tvalid waited for {stream}_tready",
    3: "{stream}_tvalid was withdrawn before {stream}_tready",
    4: "an output beat more than windows were sent on {stream}",
}


class RtlModel:
    """A network's Verilog, Verilated into this process.

    Parameters
    ----------
    network
        The design.
    folder
        Where the library is built, or found if its content is unchanged.
    optimize
        The compiler's optimization options; ``python -m tests.bench --options`` compares some.
    verilog
        Verilog to run in place of the network's own; for tests of this model.
    further
        Options of Verilator.

    Raises
    ------
    ChronogateError
        When a tool is missing or the build fails.
    """

    def __init__(
        self,
        network: Design,
        folder: Path,
        optimize: str = "-O2",
        verilog: str | None = None,
        further: tuple[str, ...] = (),
    ) -> None:
        self.network = network
        self.library = build_library(
            network, Path(folder).resolve(), optimize, verilog, further=further
        )
        self._functions = load_library(self.library)
        self._model: int | None = self._functions.model_open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the simulation."""
        if self._model is not None:
            self._functions.model_close(self._model)
            self._model = None

    def reset(self) -> None:
        """Hold reset for four cycles and count cycles from zero again."""
        self._functions.model_reset(self._open_model())

    @property
    def dropped_windows(self) -> int:
        """Windows that were dropped for a wrong ``tlast`` since the last reset."""
        return self._functions.model_dropped(self._open_model())

    def read_register(self, offset: int) -> int:
        """Return the word at an address of AXI4-Lite, where the Verilog has registers.

        Raises
        ------
        ChronogateError
            When the design answers with an error.
        """
        return self._register(False, offset, 0)

    def write_register(self, offset: int, word: int) -> None:
        """Write the word at an address of AXI4-Lite; see `read_register`."""
        self._register(True, offset, word)

    def _register(self, write: bool, offset: int, word: int) -> int:
        answer = self._functions.model_register(self._open_model(), int(write), offset, word)
        if answer < 0:
            raise ChronogateError(
                f"{self.network.name} has no register at {offset:#x} that could be "
                f"{'written' if write else 'read'}: see its register map"
            )
        return answer

    def _open_model(self) -> int:
        if self._model is None:
            raise ChronogateError(f"the simulation of {self.network.name} is closed: open it again")
        return self._model

    def run(
        self,
        codes: Codes,
        input_gaps: float = 0.0,
        output_stalls: float = 0.0,
        seed: int = 0,
        tick: Callable[[int], None] | None = None,
        order: np.ndarray | None = None,
    ) -> RtlRun:
        """Send windows or series back to back and take their forecasts.

        Parameters
        ----------
        codes
            Input codes as `Network.reference` takes them.
        input_gaps, output_stalls
            Probability of a cycle without a new beat offered, or without ready; drawn for each
            stream by itself.
        seed
            Of the gaps and stalls.
        tick
            Called with the number of windows done.
        order
            In interleaved designs, the row of `codes` that each beat belongs to (`sim.beats`).

        Raises
        ------
        ChronogateError
            When the design hangs or breaks a rule of AXI4-Stream; which one is said.
        """
        if not (0 <= input_gaps < 1 and 0 <= output_stalls < 1):
            raise ChronogateError(
                f"gaps {input_gaps} and stalls {output_stalls} are no probabilities: use 0 to 0.9"
            )
        arrays = self.network.check_arrays(codes)
        if order is not None or not len(arrays[0]):
            return self._run(arrays, input_gaps, output_stalls, seed, order)
        series = self.network.input.series
        size = BATCH_WINDOWS // series * series or series
        runs = []
        for start in range(0, len(arrays[0]), size):
            batch = tuple(array[start : start + size] for array in arrays)
            runs.append(self._run(batch, input_gaps, output_stalls, seed + start, None))
            if tick is not None:
                tick(len(batch[0]))
        return RtlRun.joined(runs)

    def predict(
        self,
        x: np.ndarray | Sequence[np.ndarray],
        tick: Callable[[int], None] | None = None,
    ) -> NDArray[np.float64]:
        """Quantize scaled floats ``(N, T, F)`` as the input format says, and run them.

        With several inputs, `x` has an array for each.

        Returns
        -------
        numpy.ndarray
            float64 forecasts ``(N, n_out)``, scaled.

        Raises
        ------
        ChronogateError
            When there are several outputs: then `predict_all` returns them.
        """
        self.network.only(self.network.outputs)
        return self.predict_all(x, tick)[0]

    def predict_all(
        self,
        x: np.ndarray | Sequence[np.ndarray],
        tick: Callable[[int], None] | None = None,
    ) -> tuple[NDArray[np.float64], ...]:
        """Do the same for every output."""
        network = self.network
        arrays = (x,) if isinstance(x, np.ndarray) else tuple(x)
        codes = [
            port.format.quantize(array) for port, array in zip(network.inputs, arrays, strict=False)
        ]
        run = self.run([*codes, *arrays[len(codes) :]], tick=tick)
        return tuple(
            port.format.to_float(result)
            for port, result in zip(network.output_ports, run.results, strict=True)
        )

    def _run(
        self,
        arrays: tuple[np.ndarray, ...],
        gaps: float,
        stalls: float,
        seed: int,
        order: np.ndarray | None,
    ) -> RtlRun:
        network = self.network
        beats = arrange(network, arrays, order)
        moved = self.exchange(beats, gaps, stalls, seed)
        results = tuple(
            _shaped(wanted.collect(codes), port, network.mode)
            for wanted, codes, port in zip(
                beats.outputs, moved.codes, network.output_ports, strict=True
            )
        )
        lead = moved.inputs[network.inputs.index(network.input)]
        return RtlRun(results, moved.result.cycles, lead, moved.outputs)

    def exchange(
        self, beats: Beats, gaps: float, stalls: float, seed: int, most: int = FOREVER
    ) -> Exchange:
        """Send and take beats, as `run` does, for `most` cycles at most.

        Raises
        ------
        ChronogateError
            When the design hangs or breaks a rule of AXI4-Stream; which one is said.
        """
        network = self.network
        sent = [
            StreamBuffer.of(given, port)
            for given, port in zip(beats.inputs, network.inputs, strict=True)
        ]
        taken = [
            StreamBuffer.empty(len(wanted.places), port)
            for wanted, port in zip(beats.outputs, network.output_ports, strict=True)
        ]
        timing = network.worst_timing
        # Random waits are geometric: a thousandfold mean is never met by chance.
        patience = (
            timing.window_cycles
            + timing.interval_cycles
            + network.input.series
            + int(1000 / (1 - gaps) + 1000 / (1 - stalls))
        )
        inputs, outputs = structures(sent), structures(taken)
        result: RunResult = self._functions.model_run(
            self._open_model(), inputs, outputs, int(gaps * 2**32), int(stalls * 2**32), seed,
            timing.last_beat_cycles, patience, most,
        )  # fmt: skip
        prefixes = output_prefixes(network)
        broken = _BROKEN.get(result.status, "").format(
            patience=patience, stream=prefixes[result.stream]
        )
        broken = broken or wrong_mark(prefixes, beats.outputs, taken, outputs)
        if broken:
            self.reset()  # What is stuck in the pipeline must not meet the next run.
            raise ChronogateError(
                f"the RTL of {network.name} broke a rule after {counts(inputs)} input beats and "
                f"{counts(outputs)} output beats: {broken}"
            )
        codes = tuple(
            unpack(buffer.data[: stream.done], port)
            for buffer, stream, port in zip(taken, outputs, network.output_ports, strict=True)
        )
        return Exchange(codes, _cycles(sent, inputs), _cycles(taken, outputs), result)


def _cycles(
    buffers: Sequence[StreamBuffer], streams: Iterable[CStream]
) -> tuple[NDArray[np.int64], ...]:
    pairs = zip(buffers, streams, strict=True)
    return tuple(buffer.cycles[: stream.done] for buffer, stream in pairs)


def _shaped(codes: np.ndarray, port: Port, mode: Mode) -> np.ndarray:
    """Bring the result's rows ``(N, positions, n_out)`` into the shape of `Network.evaluate`."""
    if mode is Mode.WINDOW:
        return codes[:, 0] if port.steps is None else codes
    if mode is Mode.SLIDING and port.steps is not None:
        return codes.reshape(len(codes), -1, port.steps, port.channels)
    return codes
