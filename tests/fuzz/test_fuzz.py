"""The fuzzer itself: it counts, notices what is wrong, makes it smaller, keeps it."""

import json
from pathlib import Path

import numpy as np
import pytest

from accel.qkeras_compat import keras
from hw.layer.dense.dense import Dense
from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from tests.flow.drawing import draw_fuzzed
from tests.fuzz import failing
from tests.fuzz.case import load_case
from tests.fuzz.check import check
from tests.fuzz.hits import EVENTS, counted_hits, missing
from tests.fuzz.outcome import Outcome
from tests.fuzz.run import RESULTS, Plan, read_results, seeds_of
from tests.fuzz.shrink import shrink
from tests.fuzz.summary import ENOUGH, summary, verdict, warning


def test_hits_of_floats_and_codes() -> None:
    grid = FixedPoint(4, 2, True, Rounding.RND_CONV, Overflow.SAT)  # -2 to 1.75 by 0.25
    values = np.array([0.25, 0.375, 0.3, 1.874, 1.875, 5.0, -2.125, -2.126, -9.0])
    wanted = {"RND_CONV rounded": 6, "RND_CONV tie": 3, "SAT above": 2, "SAT below": 2}
    with counted_hits() as hits:
        grid.quantize(np.ldexp(np.rint(np.ldexp(values, 10)), -10))
    assert {event: count for event, count in hits.items() if count} == wanted
    with counted_hits() as hits:
        grid.resize(np.rint(np.ldexp(values, 10)).astype(np.int64), FixedPoint(20, 10))
    assert {event: count for event, count in hits.items() if count} == wanted
    assert missing(hits) == [event for event in EVENTS if event not in wanted]


def test_hits_of_a_finer_grid() -> None:
    grid = FixedPoint(6, 2, True, Rounding.TRN, Overflow.WRAP)
    with counted_hits() as hits:
        assert grid.resize(np.array([7, 8, -8, -9]), FixedPoint(6, 4)).tolist() == [
            28,
            -32,
            -32,
            28,
        ]
    assert {event: count for event, count in hits.items() if count} == {
        "WRAP above": 1, "WRAP below": 1,
    }  # fmt: skip


def test_shrinking_ends_at_the_least() -> None:
    choices = (3, 0, 7, 9, 2, 5, 1, 8)
    assert shrink(choices, lambda c: sum(c) >= 7, 10) == (7,)
    assert shrink(choices, lambda c: len(c) > 2 and c[2] > 3, 10) == (0, 0, 4)
    assert shrink(choices, lambda c: False, 10) == choices


def test_the_same_choices_give_the_same_model() -> None:
    for seed in (3, 6):
        keras.backend.clear_session()
        first = draw_fuzzed(seed)
        keras.backend.clear_session()
        again = draw_fuzzed(seed, first.choices)
        assert again.model.to_json() == first.model.to_json()
        assert again.hls_config == first.hls_config
        for one, other in zip(first.model.get_weights(), again.model.get_weights(), strict=True):
            assert (one == other).all()


def test_a_defect_is_found_made_smaller_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock, seed = Dense.reference, 9 * 3
    monkeypatch.setattr(failing, "SHALLOW", 6.0)
    keras.backend.clear_session()
    drawn = draw_fuzzed(seed)
    assert check(seed, drawn, deep=False).result == "equal"

    def wrong(self: Dense, codes: np.ndarray, trace: object = None) -> np.ndarray:
        return stock(self, codes) + (codes[..., :1] > 0)

    monkeypatch.setattr(Dense, "reference", wrong)
    outcome = check(seed, drawn, deep=False)
    assert outcome.result == "reference"
    assert "expected code" in outcome.message
    file = failing.save_smallest(outcome, drawn, False, tmp_path)
    smallest, values, deep = load_case(file)
    assert check(0, smallest, deep, values).result == "reference"
    assert len(values) < 40
    assert len(smallest.model.layers) <= len(drawn.model.layers)
    monkeypatch.undo()
    assert check(0, smallest, deep, values).result == "equal"


def test_a_run_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    lines = [json.dumps(Outcome(seed, "mlp", deep=seed == 0).record()) for seed in (0, 1, 3, 5)]
    (tmp_path / RESULTS).write_text("\n".join(lines) + "\n" + lines[0][:40])
    assert [outcome.seed for outcome in read_results(tmp_path)] == [0, 1, 3, 5]
    plan = Plan(tmp_path, first=0, count=4, every=5, jobs=1, cases=tmp_path)
    assert seeds_of(plan) == [2, 4, 5, 6]  # 5 again, since it was not deep


def test_the_verdict() -> None:
    hits = dict.fromkeys(EVENTS, 1)
    good = [Outcome(seed, "mlp", hits=hits) for seed in range(ENOUGH)]
    assert (verdict(good), warning(good)) == (0, "")
    bad = Outcome(ENOUGH, "lstm", result="rtl", message="differs")
    assert verdict([*good, bad]) == 1
    assert "FAILED seed 200 (lstm), rtl: differs" in summary([*good, bad])
    never = [Outcome(seed, "mlp") for seed in range(ENOUGH)]
    assert verdict(never) == 1
    assert verdict(never[:9]) == 0
    assert "never came up: TRN rounded" in warning(never)
