"""Interleaved series through layers that remember, in Verilog: codes and cycles."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hw import Network, Padding, Pool, Port
from hw.block import Spec
from hw.network.collisions import held_cycles, most_held, predicted_beats
from hw.network.mode import Mode
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.hw.chains import FEATURES, SOURCE, Chain
from tests.hw.drawing import draw_codes
from tests.hw.recurrent_shapes import recurrent_layer

SERIES, STEPS = 6, 12


def windows() -> Network:
    """Return strided and dilated convolutions, a pool, a dense layer over what is left."""
    return (
        Chain(Port("input", FEATURES, SOURCE, STEPS, SERIES))
        .conv(3, 4, reuse=3, padding=Padding.CAUSAL, dilation=2)
        .conv(2, 4, reuse=5, padding=Padding.VALID, stride=2)
        .average(lambda steps: Pool(steps, 2, 1))
        .flatten()
        .dense(reuse=9)
        .network("windows")
    )


def sequences() -> Network:
    """Return what gives several beats for a window, fewer than come."""
    return (
        Chain(Port("input", FEATURES, SOURCE, STEPS, SERIES))
        .depthwise(4, reuse=4, padding=Padding.VALID, stride=3)
        .dense(reuse=2)
        .network("sequences")
    )


def samples() -> Network:
    """Return convolutions that keep the history of every series from sample to sample."""
    network = (
        Chain(Port("input", FEATURES, SOURCE, 1, SERIES))
        .conv(3, 4, reuse=3, padding=Padding.CAUSAL, dilation=4)
        .depthwise(3, reuse=2, padding=Padding.CAUSAL)
        .dense(reuse=2)
        .network("samples")
    )
    return Network(
        network.name, network.inputs, network.nodes, network.outputs, mode=Mode.STREAMING
    )


def recurrent() -> Network:
    """Return layers in turns of one length, and a last one that lets windows end slowly."""

    def layer(kind: str, units: int, pool: int, last: bool) -> Callable[[Port], Spec]:
        return lambda port: recurrent_layer(
            kind, port.channels, units, port.beats, 5, input=port.format, multipliers=pool,
            period=9, series=port.series, return_sequences=not last,
        )  # fmt: skip

    return (
        Chain(Port("input", FEATURES, SOURCE, STEPS, SERIES))
        .add(layer("gru_before", 5, 15, last=False))
        .squeeze()
        .add(layer("lstm", 4, 16, last=True))
        .squeeze()
        .dense(reuse=40)
        .network("recurrent")
    )


@pytest.mark.parametrize("make", [windows, sequences, samples, recurrent])
def test_series_do_not_mix(make, tmp_path: Path) -> None:
    network = make()
    rng = np.random.default_rng(3)
    length = STEPS if network.mode is Mode.WINDOW else 20
    codes = draw_codes(rng, SOURCE, 2 * SERIES, length, FEATURES)
    expected = network.reference(codes)
    with RtlModel(network, tmp_path, "-O0") as model:
        assert measure_cycles(model) == CycleReport.predicted(network.timing)
        # The last gaps are pauses in which turns end.
        for gaps, stalls in ((0.0, 0.0), (0.4, 0.6), (0.94, 0.0)):
            model.reset()
            assert model.run(codes, gaps, stalls).outputs.tolist() == expected.tolist()
        order = rng.permutation(np.repeat(np.arange(SERIES), length))
        model.reset()
        run = model.run(codes[:SERIES], 0.2, 0.3, 1, order=order)
        assert run.outputs.tolist() == expected[:SERIES].tolist()
        held = check_collisions(network, model, codes[:SERIES], order)
        # One series alone, then windows that end one right behind another.
        alone = check_collisions(network, model, codes[:1], np.zeros(length, dtype=np.int64))
        ends = check_collisions(network, model, codes[:SERIES], np.tile(np.arange(SERIES), length))
        most = max(held.max(), alone.max(), ends.max())
        worst, best = network.worst_timing, network.timing
        assert most == most_held(network) == worst.latency_cycles - best.latency_cycles


def check_collisions(
    network: Network, model: RtlModel, codes: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """Compare every handshake with the closed form; returns for how long beats are held."""
    model.reset()
    run = model.run(codes, order=order)
    accepted, leaves = predicted_beats(network, order)
    assert (run.input_beats - run.input_beats[0]).tolist() == accepted.tolist()
    assert (run.output_beats - run.input_beats[0]).tolist() == leaves.tolist()
    return held_cycles(network, order)
