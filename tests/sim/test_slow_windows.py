"""Interleaved windows that may end no faster than a slow layer behind them takes their results."""

from pathlib import Path

import numpy as np
import pytest

from hw import Network, Padding, Port
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.hw.chains import FEATURES, SOURCE, Chain
from tests.hw.drawing import draw_codes
from tests.hw.recurrent_shapes import recurrent_layer
from tests.sim.test_series import check_collisions


def drawn(seed: int) -> Network:
    """Return a few layers, a Flatten, and a dense layer that is slower than a step of them."""
    rng = np.random.default_rng([seed, 7])
    # Series and steps with common divisors and without; windows of one beat; few and many series.
    series, steps = ((2, 4), (3, 1), (2, 6), (7, 5), (4, 2), (6, 3))[seed]
    chain = Chain(Port("input", FEATURES, SOURCE, steps, series))
    if seed % 2 == 0:
        chain.add(
            lambda port: recurrent_layer(
                ("lstm", "gru_before", "gru_after")[seed // 2], port.channels, 3, steps,
                input=port.format, multipliers=int(rng.integers(4, 13)), series=series,
                return_sequences=True,
            )
        ).squeeze()  # fmt: skip
    else:
        chain.conv(2, 2, reuse=int(rng.integers(1, 6)), padding=Padding.CAUSAL)
    step = chain.network("begin").schedule.pace.step
    chain.flatten()
    # Slower than a step, up to slower than a window.
    share = (0.6, 1.0, 0.95, 0.8, 1.4, 0.7)[seed]
    products = 4 * chain.port.channels
    return chain.dense(reuse=min(max(int(share * step * steps), 8), products)).network("slow")


@pytest.mark.parametrize("seed", range(6))
def test_windows_that_end_slowly(seed: int, tmp_path: Path) -> None:
    network = drawn(seed)
    pace, series, steps = network.schedule.pace, network.input.series, network.look_back
    # The slow layer keeps windows apart, not the beats of a series.
    assert pace.window > max(pace.step, pace.series)
    with RtlModel(network, tmp_path, "-O0") as model:
        assert measure_cycles(model) == CycleReport.predicted(network.timing)
        codes = draw_codes(np.random.default_rng(seed), SOURCE, series, steps, FEATURES)
        order = np.random.default_rng(seed).permutation(np.repeat(np.arange(series), steps))
        check_collisions(network, model, codes, order)
        model.reset()
        found = model.run(codes, order=order).outputs
        assert found.tolist() == network.reference(codes).tolist()
