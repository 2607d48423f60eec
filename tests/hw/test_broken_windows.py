"""Windows that break off: what the blocks had of them must not reach the next forecasts."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.hw.chains import Chain, crossing, decomposition, residual, shortcut, tcn
from tests.hw.drawing import draw_codes
from tests.hw.test_axi import run_top

WINDOWS = 8


@pytest.mark.parametrize("gaps", [0.0, 0.9])
@pytest.mark.parametrize("make", [tcn, decomposition, residual, shortcut, crossing])
def test_windows_that_break_off_leave_nothing_behind(
    make: Callable[[], Chain], gaps: float
) -> None:
    network = make().network(make.__name__)
    rng = np.random.default_rng(2)
    steps = network.look_back
    codes = draw_codes(rng, network.input_format, WINDOWS, steps, network.features)
    beats: list[tuple[list[int], bool]] = []
    whole: list[int] = []
    for window, given in enumerate(codes.tolist()):
        length = steps
        if window % 3 == 2:
            length = int(rng.integers(1, steps)) if rng.random() < 0.6 else steps + 2
        beats += [(given[i % steps], i == length - 1) for i in range(length)]
        whole += [window] if length == steps else []
    waits = len(beats) / (1 - gaps) + WINDOWS * network.schedule.drain_cycles
    cycles = int(waits + WINDOWS * network.timing.interval_cycles) + 100
    log = run_top(network, iter(beats), cycles, gaps=gaps)
    assert log.dropped == WINDOWS - len(whole)
    assert log.codes == network.reference(codes[whole]).tolist()
