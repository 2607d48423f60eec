"""Two networks behind a gate: the golden model, the closed form of its cycles, refusals, files."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import ChronogateError, Feature, FixedPoint, Flatten, Metadata, Node
from hw.control.gated_map import gated_map
from hw.control.header import c_header
from hw.control.markdown import markdown
from hw.network.arrivals import Term
from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.network.gated_serialization import gated_fingerprint
from hw.network.gated_timing import NEVER, GatedPart, GatedTiming
from hw.network.mode import Mode
from hw.network.pace import Pace
from hw.network.storage import design_fingerprint, load_design, save_design
from tests.hw.drawing import draw_network
from tests.hw.gates import draw_gated, draw_windows


def test_each_window_has_the_forecast_of_one_network() -> None:
    gated = draw_gated(1, "lstm")
    codes = draw_windows(np.random.default_rng(1), gated, 200)
    found = gated.reference(codes)
    for window, forecast, wakes in zip(codes, found.outputs, found.wakes, strict=True):
        steps = [
            abs(int(late) - int(early))
            for channel in gated.channels
            for early, late in zip(window[:-1, channel], window[1:, channel], strict=True)
        ]
        assert wakes == (max(steps) >= gated.threshold)
        network = gated.large if wakes else gated.cheap
        assert forecast.tolist() == network.reference(window[np.newaxis])[0].tolist()
    wakes = int(found.wakes.sum())
    cheap, large = gated.products
    spent = 200 * cheap + wakes * large
    assert 0 < wakes < 200
    assert gated.products_saved(200, wakes) == 200 * large - spent


def test_the_ends_of_the_threshold() -> None:
    gated = draw_gated(2, "mlp")
    grid = gated.input_format
    codes = np.zeros((2, gated.look_back, gated.features), dtype=np.int64)
    codes[1, 0], codes[1, 1:] = grid.minimum, grid.maximum
    largest = (1 << grid.width) - 1
    for threshold, expected in (
        (0, [True, True]), (1, [False, True]), (largest, [False, True]), (largest + 1, [False] * 2),
    ):  # fmt: skip
        assert gated.wakes(codes, threshold).tolist() == expected
    assert gated.wakes(codes, np.array([0, largest + 1])).tolist() == [True, False]


def draw_timing(rng: np.random.Generator) -> GatedTiming:
    """Draw paces, latencies and bursts, with as few or as many windows in flight as is sensible."""
    steps, outputs = int(rng.integers(2, 10)), int(rng.choice([1, 1, 2, 4]))
    cheap, large = (_draw_part(rng, steps, outputs) for _ in range(2))
    banks = 2 if 1 < cheap.pace.step < large.pace.step else 3
    timing = GatedTiming(steps, cheap, large, banks, 1 << 20)
    fewest = timing.needed_in_flight()
    many = max(fewest, timing.hiding_in_flight())
    return replace(timing, in_flight=int(rng.choice([fewest, fewest + 1, many])))


def _draw_part(rng: np.random.Generator, steps: int, outputs: int) -> GatedPart:
    pace = Pace(int(rng.choice([1, 1, 2, 5, 6, 17])), int(rng.choice([outputs, 7, 30, 100])))
    latency = int(rng.choice([1, 3, 20, 150]))
    apart = rng.integers(1, max(steps * pace.step, pace.window) // outputs + 1, outputs - 1)
    delays = (latency + np.concatenate([[0], np.cumsum(apart)])).astype(int).tolist()
    return GatedPart(pace, (Term((steps - 1,) * outputs, tuple(delays)),), latency + 9)


@pytest.mark.parametrize("seed", range(150))
def test_best_and_worst_case_hold_for_every_sequence_of_wakes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    timing = draw_timing(rng)
    never, always = timing.never, timing.always
    for wake, figures in ((False, never), (True, always)):
        beats = timing.beats([wake] * (4 * timing.in_flight + 300))
        intervals = np.diff(beats.output[:, 0])[-2 * timing.in_flight - 9 :]
        assert intervals.tolist() == [figures.interval_cycles] * len(intervals)
        assert beats.output[0, 0] == figures.window_cycles
        latencies = beats.output[-1, [0, -1]] - beats.input[-1, -1]
        assert latencies.tolist() == [figures.latency_cycles, figures.last_beat_cycles]
    for share in (0.05, 0.3, 0.7, 0.95):
        wakes = rng.random(150) < share
        beats = timing.beats(wakes)
        latency = beats.output[:, [0, -1]] - beats.input[:, [-1]]
        assert (latency.max(axis=0) <= (always.latency_cycles, always.last_beat_cycles)).all()
        assert (latency.min(axis=0) >= (never.latency_cycles, never.last_beat_cycles)).all()
        span = beats.output[-1, 0] - beats.output[0, 0]
        assert span >= never.interval_cycles * (len(wakes) - 1) - always.latency_cycles
        assert beats.output[-1, -1] <= timing.beats([True] * len(wakes)).output[-1, -1]
        assert ((beats.replayed == NEVER).all(axis=1) == ~wakes).all()
        assert timing.awake_cycles(beats) <= wakes.sum() * (
            always.last_beat_cycles + timing.large.busy_cycles
        )


def test_a_lone_wake_delays_no_later_window() -> None:
    gated = draw_gated(3, "gru_after")
    timing = gated.gated_timing
    quiet = timing.beats([False] * 100).input
    assert (timing.beats([False] * 9 + [True] + [False] * 90).input == quiet).all()
    fewer = replace(gated, in_flight=gated.fewest_in_flight).gated_timing
    assert (fewer.beats([False] * 9 + [True] + [False] * 90).input >= quiet).all()


REFUSED: list[tuple[str, Callable[[GatedNetwork], object]]] = [
    ("window mode", lambda g: replace(g, large=replace(g.large, mode=Mode.SLIDING))),
    ("two networks of the same look", lambda g: replace(g, large=draw_network(1, "mlp"))),
    ("made for different data", lambda g: replace(
        g, large=replace(g.large, metadata=Metadata(features=(Feature("other"),)))
    )),
    ("channels to look at", lambda g: replace(g, channels=())),
    ("channels to look at", lambda g: replace(g, channels=(0, 0))),
    ("use numbers from 0", lambda g: replace(g, channels=(g.features,))),
    ("is no step", lambda g: replace(g, threshold=-1)),
    ("is no step", lambda g: replace(g, threshold=(1 << g.input_format.width) + 1)),
    ("in_flight be at least", lambda g: replace(g, in_flight=g.fewest_in_flight - 1)),
]  # fmt: skip


@pytest.mark.parametrize(("words", "change"), REFUSED)
def test_refused(words: str, change: Callable[[GatedNetwork], object]) -> None:
    with pytest.raises(ChronogateError, match=words):
        change(draw_gated(5, "mlp"))


def test_one_beat_and_wide_values_are_refused() -> None:
    gated = draw_gated(5, "mlp")
    wide = replace(gated.input, format=FixedPoint(40, 8))
    flat = Flatten(gated.look_back, gated.features, wide.format)
    flatten = replace(
        gated.cheap, inputs=(wide,), nodes=(Node("flat", flat, ("input",)),), outputs=("flat",)
    )
    with pytest.raises(ChronogateError, match="at most 31 bits"):
        replace(gated, cheap=flatten, large=flatten)
    one = replace(
        gated.cheap, inputs=(replace(gated.input, steps=1),), nodes=(), outputs=("input",)
    )
    with pytest.raises(ChronogateError, match="one beat only"):
        replace(gated, cheap=one, large=one)


def test_files(tmp_path: Path) -> None:
    gated = draw_gated(6, "gru_before")
    save_design(gated, tmp_path)
    again = load_design(tmp_path)
    assert isinstance(again, GatedNetwork)
    assert design_fingerprint(again) == gated_fingerprint(gated)
    codes = draw_windows(np.random.default_rng(6), gated, 20)
    assert again.reference(codes).outputs.tolist() == gated.reference(codes).outputs.tolist()
    assert again.gated_timing == gated.gated_timing
    alone: Design = gated.cheap
    save_design(alone, tmp_path / "alone")
    assert design_fingerprint(load_design(tmp_path / "alone")) == design_fingerprint(alone)


def test_every_setting_is_in_the_fingerprint() -> None:
    gated = draw_gated(7, "mlp")
    changed = [
        gated,
        replace(gated, name="other"),
        replace(gated, threshold=gated.threshold + 1),
        replace(gated, in_flight=gated.queue),
        replace(gated, cheap=replace(gated.cheap, name="other")),
        replace(gated, large=replace(gated.large, name="other")),
    ]
    assert len({gated_fingerprint(design) for design in changed}) == len(changed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "not of version"),
        ({"threshold": "3"}, "damaged"),
        ({"threshold": 10**9}, "is no step"),
        ({"channels": None}, "damaged"),
        ({"in_flight": 255}, "do not belong together"),
        ({"fingerprint": "0"}, "do not belong together"),
    ],
)
def test_damaged_files_are_refused(change: dict, words: str, tmp_path: Path) -> None:
    save_design(draw_gated(8, "mlp"), tmp_path)
    path = tmp_path / "gate.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ChronogateError, match=words):
        load_design(tmp_path)


def test_missing_and_mixed_parts_are_refused(tmp_path: Path) -> None:
    first, second = draw_gated(8, "mlp"), draw_gated(9, "mlp")
    save_design(first, tmp_path / "first")
    save_design(second, tmp_path / "second")
    (tmp_path / "first" / "large" / "weights.npz").write_bytes(
        (tmp_path / "second" / "large" / "weights.npz").read_bytes()
    )
    with pytest.raises(ChronogateError):
        load_design(tmp_path / "first")
    (tmp_path / "second" / "cheap" / "network.json").unlink()
    with pytest.raises(ChronogateError, match=r"network\.json is missing"):
        load_design(tmp_path / "second")
    (tmp_path / "second" / "gate.json").write_text("{")
    with pytest.raises(ChronogateError, match="cannot be read"):
        load_design(tmp_path / "second")


def test_the_register_map_in_c_and_markdown() -> None:
    gated = draw_gated(1, "lstm")
    header, table = c_header(gated_map(gated)), markdown(gated_map(gated))
    offset = gated_map(gated).offset("threshold")
    assert f"#define CHRONOGATE_THRESHOLD_OFFSET {offset:#x}u" in header
    assert f"#define CHRONOGATE_LARGE_PRODUCTS_VALUE {gated.products[1]:#x}u" in header
    assert f"| `{offset:#05x}` | `threshold` | {gated.input_format.width}:0 | RW |" in table
