"""Weights replaced while windows of several series overlap: each window keeps its model."""

from dataclasses import dataclass

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw import Network, Padding, Pool, Port
from hw.block import Spec
from hw.control.reload import model_writes
from hw.top.old_windows import OldWindows
from tests.hw.chains import FEATURES, SOURCE, Chain
from tests.hw.drawing import draw_codes
from tests.hw.recurrent_shapes import recurrent_layer
from tests.hw.reloading import Reloading, made_reloadable, other_model

SERIES, STEPS = 4, 5


def start() -> Chain:
    return Chain(Port("input", FEATURES, SOURCE, STEPS, SERIES))


def convolutions() -> Network:
    return (
        start()
        .conv(2, 3, reuse=4, padding=Padding.CAUSAL)
        .depthwise(2, reuse=2, padding=Padding.VALID)
        .average(lambda steps: Pool(steps, 2, 2))
        .flatten()
        .dense(reuse=9)
        .network("convolutions")
    )


def recurrent(kind: str, period: int | None) -> Network:
    def layer(port: Port) -> Spec:
        return recurrent_layer(
            kind, port.channels, 2, port.beats, 5, input=port.format, multipliers=6,
            period=period, series=port.series,
        )  # fmt: skip

    return start().add(layer).squeeze().dense(reuse=7).network(kind)


NETWORKS = {
    "convolutions": convolutions,
    "lstm": lambda: recurrent("lstm", None),
    "lstm in turns": lambda: recurrent("lstm", 8),
    "gru in turns": lambda: recurrent("gru_before", 6),
    "gru after": lambda: recurrent("gru_after", None),
    "rnn": lambda: recurrent("simple_rnn", None),
}


def draw_lengths(rng: np.random.Generator, windows: int) -> np.ndarray:
    """Return beats of each window, int64 ``(series, windows)``; those that break off are short.

    Of those of a single beat none enters.
    """
    broken = rng.random((SERIES, windows)) < 0.15
    return np.where(broken, rng.integers(2, STEPS, (SERIES, windows)), STEPS)


@pytest.mark.parametrize(
    ("kind", "busy"),
    [
        ("convolutions", True),
        ("lstm", False),
        ("lstm in turns", True),
        ("gru in turns", False),
        ("gru in turns", True),
        ("gru after", False),
        ("rnn", False),
    ],
)
def test_every_window_is_of_one_model(kind: str, busy: bool) -> None:
    network = made_reloadable(NETWORKS[kind]())
    rng = np.random.default_rng([len(kind), busy])
    models = other_model(network, rng), other_model(network, rng)
    words = sum(len(model_writes(network, model)) for model in models)
    cycles = 2 * words + 8 * network.worst_timing.interval_cycles
    windows = -(-cycles // network.worst_timing.interval_cycles) // (1 if busy else 2) + 4
    codes = draw_codes(rng, SOURCE, SERIES, windows, STEPS, FEATURES)
    lengths = draw_lengths(rng, windows)
    order = rng.permutation(np.repeat(np.arange(SERIES), lengths.sum(axis=1))).tolist()
    sent = [
        [(row, k + 1 == count) for window, count in zip(*pair, strict=True)
         for k, row in enumerate(window[:count].tolist())]
        for pair in zip(codes, lengths.tolist(), strict=True)
    ]  # fmt: skip
    beats = [(*beat, s) for s in order for beat in [sent[s].pop(0)]]
    bench = Reloading(network, models, rng, 0.0 if busy else 0.3, 0.0 if busy else 0.3)
    bench.run(beats)
    assert bench.commits == 3, "the host did not get all models through"
    flat = codes.reshape(-1, STEPS, FEATURES)
    expected = [
        model.reference(flat).reshape(SERIES, windows, -1).tolist() for model in bench.answering
    ]
    used: set[int] = set()
    for series in range(SERIES):
        begun = [epoch for s, epoch in bench.entered if s == series]
        whole = np.flatnonzero(lengths[series] == STEPS).tolist()
        assert len(begun) == windows
        wanted = [(begun[w] % 2, expected[begun[w]][series][w]) for w in whole]
        found = [(model, row) for s, model, row in bench.left if s == series]
        assert found == wanted, f"series {series}"
        used |= set(begun)
    assert used == {0, 1, 2, 3}
    banks = [model for _, model, _ in bench.left]
    changes = int(np.count_nonzero(np.diff(banks)))
    assert changes > 3, "no window of an old model ended behind one of a new model"


@dataclass(frozen=True)
class Beat:
    """What `OldWindows` sees of a beat."""

    model: int
    before: bool = False
    after: bool = False
    lost: bool = False


def gone_after(beats: list[Beat | None], target_from: int) -> list[bool]:
    """Return `gone` of each cycle; the target changes to 1 in cycle `target_from`."""
    windows = OldWindows(3, SETTLING)
    seen: list[bool] = []

    async def bench(ctx) -> None:
        for cycle, beat in enumerate(beats):
            ctx.set(windows.target, cycle >= target_from)
            ctx.set(windows.moves, beat is not None and not beat.lost)
            ctx.set(windows.lost, beat is not None and beat.lost)
            for name in ("model", "before", "after"):
                # Between beats anything may lie there.
                ctx.set(getattr(windows, name), 1 if beat is None else getattr(beat, name))
            seen.append(bool(ctx.get(windows.gone)))
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.windows = windows
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


SETTLING = 3
BEGIN, GO_ON, END = ({"after": True}, {"before": True, "after": True}, {"before": True})


@pytest.mark.parametrize("lost", [False, True])
def test_an_old_window_that_waits_keeps_its_weights(lost: bool) -> None:
    """The model before is gone some cycles after the last of its windows, however long it takes."""
    begin = [Beat(0, **BEGIN), Beat(0, **BEGIN), Beat(0, **GO_ON), Beat(0, **END)]
    wait: list[Beat | None] = [None] * 20
    new: list[Beat | None] = [Beat(1, **BEGIN), Beat(1, **END), Beat(1, **BEGIN)]
    last = [Beat(0, lost=lost, **({} if lost else END))]
    beats = [*begin, *wait, *new, *wait, *last, *wait]
    at = len(begin) + len(wait) + len(new) + len(wait)
    seen = gone_after(beats, target_from=len(begin) + 3)
    assert not any(seen[len(begin) + 3 : at + 1 + SETTLING])
    assert all(seen[at + 1 + SETTLING :])
    assert all(seen[: len(begin) + 3]), "before a commit there is one model only"


def test_a_beat_in_flight_keeps_the_old_weights() -> None:
    """A window of one beat is never under way between two, and nor is one that has just ended."""
    beats: list[Beat | None] = [None, Beat(0), None, None, None, None, None]
    assert gone_after(beats, target_from=2) == [True, True, *[False] * (1 + SETTLING), True]
