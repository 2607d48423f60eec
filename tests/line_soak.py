"""A million samples over a damaged serial line: `python -m tests.line_soak [--quick]`.

The board top runs in Verilator, from UART pin to UART pin with four clocks per bit; one byte of a
hundred is replaced by another, in both directions. Every forecast is compared with the golden
model, whose state steps with every sample, and the last one is the state itself. Now and then all
counters are read, which must equal what was sent, and other weights are loaded; a series begins
anew with them.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from accel.device import Device, NoisyLine, SimulatedBoard
from accel.device.device import answer_seconds
from hw.board.top import BoardTop
from hw.control.map import saturation_names
from hw.control.saturation import saturation_watches
from hw.network.graph import Network
from tests.accel.streamed import state_board
from tests.hw.drawing import draw_codes
from tests.hw.reloading import made_reloadable, other_model

CLOCK_HZ = 1e6
PART = 20_000
SEGMENTS = 100
"""How often weights are loaded."""


@dataclass
class Soak:
    """What came of it.

    Parameters
    ----------
    served
        Samples.
    wrong
        Forecasts that are not the golden model's.
    miscounted
        Registers that do not hold what was sent, over all readings.
    last, expected
        The final state, and that of the golden model.
    """

    served: int = 0
    wrong: int = 0
    miscounted: int = 0
    last: list[int] = field(default_factory=list)
    expected: list[int] = field(default_factory=list)


def main() -> None:
    """Stream, compare, print what was counted; exit 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 samples, 5 models")
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--damage", type=float, default=0.01, help="share of the bytes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    count, segments = (10_000, 5) if options.quick else (options.samples, SEGMENTS)
    plain = state_board()
    top = replace(plain, network=made_reloadable(plain.network))
    rng = np.random.default_rng(options.seed)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        line = NoisyLine(SimulatedBoard(top, Path(folder), CLOCK_HZ), options.damage, options.seed)
        device = Device(top, line, answer_seconds(top, CLOCK_HZ))
        found = soak(device, top, rng, np.diff(np.linspace(0, count, segments + 1).astype(int)))
        line.rate = 0
        counters = device.counters()
        device.close()
    print(
        f"{count:,} samples in {time.monotonic() - begun:.0f} s, {line.damaged:,} bytes damaged "
        f"({options.damage:.0%}), {device.retries:,} frames sent again"
    )
    print(f"the board (counters modulo 65,536): {counters}")
    print(f"served as often as sent: {counters.served == count % 65536}; wrong: {found.wrong}")
    print(f"final state: {found.last}, of the golden model: {found.expected}")
    print(
        f"{segments - 1} times other weights were loaded, {segments} times all counters read; "
        f"registers that do not hold what was sent: {found.miscounted}"
    )
    if found.wrong or found.miscounted or counters.served != count % 65536:
        sys.exit(1)


def soak(device: Device, top: BoardTop, rng: np.random.Generator, sizes: np.ndarray) -> Soak:
    """Stream segments, each with weights of its own."""
    found = Soak()
    for number, (model, size) in enumerate(zip(models(top.network, rng), sizes, strict=False)):
        if number:
            device.load(model)
            device.registers.reset_state()
        codes = draw_codes(rng, model.input_format, 1, size, model.features)
        trace = {model.input.name: codes}
        expected = model.reference(codes, trace)[0].reshape(size, -1)
        for sample, wanted in zip(codes[0], expected, strict=True):
            answer = device.step(sample)
            assert answer is not None
            found.last, found.expected = answer.ravel().tolist(), wanted.tolist()
            found.wrong += found.last != found.expected
            found.served += 1
            if found.served % PART == 0:
                print(f"{found.served:,} samples", file=sys.stderr, flush=True)
        counts = device.registers.counters(clear=True)
        wanted = {"input_beats": size, "output_beats": size, "dropped_windows": 0}
        for (name, _), watch in zip(
            saturation_names(model), saturation_watches(model), strict=True
        ):
            wanted[name] = watch.reference(trace[watch.source])
        found.miscounted += sum(counts[name] != value for name, value in wanted.items())
    return found


def models(network: Network, rng: np.random.Generator) -> Iterator[Network]:
    """Yield the design's own weights, and others without end."""
    yield network
    while True:
        yield other_model(network, rng)


if __name__ == "__main__":
    main()
