"""Checks of blocks whose output steps do not follow their input steps one to one."""

import numpy as np

from hw.block import Spec
from hw.network.schedule import emission
from tests.hw.drawing import draw_codes
from tests.hw.harness import run_block

WINDOWS = 4


def check_block(spec: Spec, rng: np.random.Generator, gaps: bool, windows: int = WINDOWS) -> None:
    """Compare codes and cycles with the reference and the contract."""
    source, result = spec.inputs[0], spec.outputs[0]
    shape = (source.channels,) if source.steps is None else (source.steps, source.channels)
    codes = draw_codes(rng, source.format, windows, *shape)
    spacing = np.full(windows * source.beats, spec.timing.interval_cycles)
    spacing += rng.integers(0, 4, len(spacing)) if gaps else 0
    fed = np.cumsum(spacing)
    trace = run_block(spec, codes, fed)
    expected = spec.reference(codes)
    assert expected.shape == (
        (windows, result.channels)
        if result.steps is None
        else (windows, result.steps, result.channels)
    )
    assert trace.codes.tolist() == expected.reshape(-1, result.channels).tolist()
    assert trace.cycles.tolist() == due_cycles(spec, fed.reshape(windows, -1)).ravel().tolist()
    ends = np.arange(windows * result.beats) % result.beats
    assert trace.first.tolist() == (ends == 0).tolist()
    assert trace.last.tolist() == (ends == result.beats - 1).tolist()


def due_cycles(spec: Spec, fed: np.ndarray) -> np.ndarray:
    """Return when the contract lets the output beats of each window leave, ``(N, beats)``."""
    rule = emission(spec.timing, spec.inputs[0], spec.outputs[0])
    return fed[:, list(rule.trigger)] + spec.timing.latency_cycles + np.array(rule.delay)
