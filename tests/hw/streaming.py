"""Checks of blocks whose output steps do not follow their input steps one to one."""

import numpy as np

from hw.block import Spec
from hw.network.stage import emission
from tests.hw.drawing import draw_codes
from tests.hw.harness import beats_of, run_beats

WINDOWS = 6


def check_block(spec: Spec, rng: np.random.Generator, gaps: bool) -> None:
    """Compare codes, tags and cycles with the reference and the contract.

    Some windows break off, as the entry lets them in before it sees that ``tlast`` comes too
    early; the next one, which the entry keeps back until all beats are through, must not notice.
    """
    source, result = spec.inputs[0], spec.outputs[0]
    shape = (source.channels,) if source.steps is None else (source.steps, source.channels)
    codes = draw_codes(rng, source.format, WINDOWS, *shape)
    lengths = np.where(
        rng.random(WINDOWS) < 0.2, rng.integers(0, source.beats, WINDOWS), source.beats
    )
    lengths[-1] = source.beats
    sent = np.arange(source.beats) < lengths[:, np.newaxis]
    spacing = np.full(sent.shape, spec.timing.interval_cycles)
    spacing += rng.integers(0, 4, sent.shape) if gaps else 0
    rule = emission(spec.timing, source, result)
    drain = spec.timing.latency_cycles + rule.delay[-1] + spec.timing.interval_cycles
    spacing[1:, 0] += drain * (lengths < source.beats)[:-1]
    fed = np.cumsum(spacing * sent).reshape(sent.shape)
    whole = beats_of(codes, source, source.beats)
    beats = [beat for beat, kept in zip(whole, sent.ravel(), strict=True) if kept]
    trace = run_beats(spec, [beats], fed[sent])
    expected = spec.reference(codes)
    assert expected.shape == (
        (WINDOWS, result.channels)
        if result.steps is None
        else (WINDOWS, result.steps, result.channels)
    )
    trigger, delay = np.array(rule.trigger), np.array(rule.delay)
    comes = trigger < lengths[:, np.newaxis]
    beat = np.broadcast_to(np.arange(result.beats), comes.shape)[comes]
    assert trace.codes.tolist() == expected.reshape(*comes.shape, -1)[comes].tolist()
    due = fed[:, trigger] + spec.timing.latency_cycles + delay
    assert trace.cycles.tolist() == due[comes].tolist()
    assert trace.first.tolist() == (beat == 0).tolist()
    assert trace.last.tolist() == (beat == result.beats - 1).tolist()
