"""The RTL in this process: NumPy codes in, NumPy codes out, every handshake's cycle noted."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.stream import Port
from hw.top.entry import padded_width
from sim.beats import arrange
from sim.verilated import build_library

BATCH_WINDOWS = 256
"""Windows in one call of the library, between two ticks of a progress bar."""

_BROKEN = {
    1: "no handshake for {patience} cycles: the design hangs",
    2: "m_axis_tdata changed while m_axis_tvalid waited for m_axis_tready",
    3: "m_axis_tvalid was withdrawn before m_axis_tready",
    4: "an output beat more than windows were sent",
}


class _Result(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("status", "cycles", "accepted", "taken")]


@dataclass(frozen=True)
class RtlRun:
    """What one run of the RTL gave.

    Parameters
    ----------
    outputs
        int64 codes, of the shape that `Network.reference` gives.
    cycles
        Simulated cycles.
    input_beats, output_beats
        Rising-edge indices of the accepted handshakes, counted from the last reset.
    """

    outputs: NDArray[np.int64]
    cycles: int
    input_beats: NDArray[np.int64]
    output_beats: NDArray[np.int64]


class RtlModel:
    """A network's Verilog, Verilated into this process.

    Parameters
    ----------
    network
        The design.
    folder
        Where the library is built, or found if its content is unchanged.
    optimize
        The compiler's optimization option.
    verilog
        Verilog to run in place of the network's own; for tests of this model.

    Raises
    ------
    ChronogateError
        When a tool is missing or the build fails.
    """

    def __init__(
        self, network: Network, folder: Path, optimize: str = "-O2", verilog: str | None = None
    ) -> None:
        self.network = network
        self.library = build_library(network, Path(folder).resolve(), optimize, verilog)
        self._functions = _load(self.library)
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

    def _open_model(self) -> int:
        if self._model is None:
            raise ChronogateError(f"the simulation of {self.network.name} is closed: open it again")
        return self._model

    def run(
        self,
        codes: np.ndarray,
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
            Probability of a cycle without a new beat offered, or without ready.
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
                f"gaps {input_gaps} and stalls {output_stalls} are no probabilities below one"
            )
        codes = self.network.check_codes(codes)
        if order is not None or not len(codes):
            return self._run(codes, input_gaps, output_stalls, seed, order)
        series = self.network.input.series
        size = BATCH_WINDOWS // series * series or series
        runs = []
        for start in range(0, len(codes), size):
            batch = codes[start : start + size]
            runs.append(self._run(batch, input_gaps, output_stalls, seed + start, None))
            if tick is not None:
                tick(len(batch))
        return RtlRun(
            np.concatenate([run.outputs for run in runs]),
            sum(run.cycles for run in runs),
            np.concatenate([run.input_beats for run in runs]),
            np.concatenate([run.output_beats for run in runs]),
        )

    def predict(
        self, x: np.ndarray, tick: Callable[[int], None] | None = None
    ) -> NDArray[np.float64]:
        """Quantize scaled floats ``(N, T, F)`` as the input format says, and run them.

        Returns
        -------
        numpy.ndarray
            float64 forecasts ``(N, n_out)``, scaled.
        """
        run = self.run(self.network.input_format.quantize(x), tick=tick)
        return self.network.output_format.to_float(run.outputs)

    def _run(
        self, codes: np.ndarray, gaps: float, stalls: float, seed: int, order: np.ndarray | None
    ) -> RtlRun:
        network = self.network
        beats = arrange(network, codes if codes.ndim == 3 else codes[:, np.newaxis], order)
        packed = pack(beats.codes, network.input)
        marks = 2 * beats.series.astype(np.uint32) + beats.last
        expected = len(beats.outputs)
        taken = np.zeros((expected, _beat_bytes(network.output)), dtype=np.uint8)
        taken_marks = np.zeros(expected, dtype=np.uint32)
        input_beats = np.zeros(len(packed), dtype=np.int64)
        output_beats = np.zeros(expected, dtype=np.int64)
        timing = network.timing
        # Random waits are geometric: a thousandfold mean is never met by chance.
        patience = (
            timing.window_cycles
            + timing.interval_cycles
            + network.input.series
            + int(1000 / (1 - gaps) + 1000 / (1 - stalls))
        )
        result: _Result = self._functions.model_run(
            self._open_model(), packed.ctypes.data, marks.ctypes.data, len(packed),
            taken.ctypes.data, taken_marks.ctypes.data, expected, int(gaps * 2**32),
            int(stalls * 2**32), seed, input_beats.ctypes.data, output_beats.ctypes.data,
            timing.last_beat_cycles, patience,
        )  # fmt: skip
        wanted = 2 * beats.output_series.astype(np.uint32) + beats.outputs[:, 2]
        wrong = np.flatnonzero(taken_marks[: result.taken] != wanted[: result.taken])
        broken = _BROKEN.get(result.status, "").format(patience=patience)
        if not broken and len(wrong):
            mark = int(taken_marks[wrong[0]])
            broken = f"output beat {wrong[0]} has tlast {mark & 1} and tid {mark >> 1}"
        if broken:
            self.reset()  # What is stuck in the pipeline must not meet the next run.
            raise ChronogateError(
                f"the RTL of {network.name} broke a rule after {result.accepted} of {len(packed)} "
                f"input beats and {result.taken} of {expected} output beats: {broken}"
            )
        outputs = beats.collect(unpack(taken, network.output))
        if network.mode is Mode.WINDOW and network.output.steps is None:
            outputs = outputs[:, 0]
        return RtlRun(outputs, result.cycles, input_beats, output_beats)


def pack(codes: np.ndarray, port: Port) -> NDArray[np.uint8]:
    """Return the bytes of beats ``(beats, channels)`` as AXI4-Stream carries them."""
    width = padded_width(port) // 8
    raw = np.ascontiguousarray(codes, dtype="<i8").view(np.uint8).reshape(*codes.shape, 8)
    return np.ascontiguousarray(raw[:, :, :width]).reshape(len(codes), -1)


def unpack(beats: np.ndarray, port: Port) -> NDArray[np.int64]:
    """Return the int64 codes ``(beats, channels)`` in the bytes of beats."""
    width = padded_width(port) // 8
    raw = np.zeros((len(beats), port.channels, 8), dtype=np.uint8)
    raw[:, :, :width] = beats.reshape(len(beats), port.channels, width)
    values = raw.view("<i8")[:, :, 0].astype(np.int64)
    if not port.format.signed:
        return values
    shift = 64 - 8 * width
    return (values << shift) >> shift


def _beat_bytes(port: Port) -> int:
    return padded_width(port) // 8 * port.channels


def _load(library: Path) -> ctypes.CDLL:
    try:
        functions = ctypes.CDLL(str(library))
    except OSError as error:
        raise ChronogateError(
            f"the built simulation cannot be loaded ({error}): remove "
            f"{library.parent} and try again"
        ) from None
    functions.model_open.restype = ctypes.c_void_p
    for function in (functions.model_close, functions.model_reset, functions.model_dropped):
        function.argtypes = [ctypes.c_void_p]
    functions.model_dropped.restype = ctypes.c_int64
    pointer, integer = ctypes.c_void_p, ctypes.c_int64
    functions.model_run.argtypes = [
        pointer, pointer, pointer, integer, pointer, pointer, integer, ctypes.c_uint32,
        ctypes.c_uint32, ctypes.c_uint64, pointer, pointer, integer, integer,
    ]  # fmt: skip
    functions.model_run.restype = _Result
    return functions
