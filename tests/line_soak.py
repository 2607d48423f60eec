"""A million samples over a damaged serial line: `python -m tests.line_soak [--quick]`.

The board top runs in Verilator, from UART pin to UART pin with four clocks per bit; one byte of a
hundred is replaced by another, in both directions. Every forecast is compared with the golden
model, whose state steps with every sample, and the last one is the state itself.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from accel.device import Device, NoisyLine, SimulatedBoard
from accel.device.device import answer_seconds
from tests.accel.streamed import state_board
from tests.hw.drawing import draw_codes

CLOCK_HZ = 1e6
PART = 20_000


def main() -> None:
    """Stream, compare, print what was counted; exit 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 samples")
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--damage", type=float, default=0.01, help="share of the bytes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    count = 10_000 if options.quick else options.samples
    top = state_board()
    network = top.network
    rng = np.random.default_rng(options.seed)
    codes = draw_codes(rng, network.input_format, 1, count, network.features)
    expected = network.reference(codes)[0].reshape(count, -1)
    received = np.zeros_like(expected)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        line = NoisyLine(SimulatedBoard(top, Path(folder), CLOCK_HZ), options.damage, options.seed)
        device = Device(top, line, answer_seconds(top, CLOCK_HZ))
        for number, answer in enumerate(device.stream(codes[0])):
            assert answer is not None
            received[number] = answer
            if (number + 1) % PART == 0:
                print(f"{number + 1:,} samples", file=sys.stderr, flush=True)
        line.rate = 0
        counters = device.counters()
        device.close()
    wrong = int(np.count_nonzero(np.any(received != expected, axis=1)))
    print(
        f"{count:,} samples in {time.monotonic() - begun:.0f} s, {line.damaged:,} bytes damaged "
        f"({options.damage:.0%}), {device.retries:,} frames sent again"
    )
    print(f"the board (counters modulo 65,536): {counters}")
    print(f"served as often as sent: {counters.served == count % 65536}; forecasts wrong: {wrong}")
    print(f"final state: {received[-1].tolist()}, of the golden model: {expected[-1].tolist()}")
    if wrong or counters.served != count % 65536:
        sys.exit(1)


if __name__ == "__main__":
    main()
