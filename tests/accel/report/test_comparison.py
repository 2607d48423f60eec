"""Runs side by side: what is shown, what is best, and what ends a CI."""

from dataclasses import replace
from pathlib import Path

import pytest

from accel.report.compare import compare
from accel.report.comparison_page import Compared
from accel.report.hls_reports import read_hls_latency
from accel.report.markdown import render_markdown
from accel.report.schema import Baselines, Report
from accel.report.slower import parse_share, slower
from hw.errors import ChronogateError
from tests.accel.report.hls_project import FORMS, cosimulation_report, write_project
from tests.accel.report.reports import report


def rows(*reports: Report) -> dict[str, list[str]]:
    """Return the texts of every row, by its name."""
    return {
        row.name: [cell.text for cell in row.cells]
        for group in compare(reports)
        for row in group.rows
    }


def test_vendor_figures_stand_beside_ours(tmp_path: Path) -> None:
    cosimulated = cosimulation_report("Pass", "690", "691", "700", "577", "578", "579")
    hls = read_hls_latency(write_project(tmp_path, FORMS[-1], cosimulated))
    found = rows(report("a", fmax=50.0, hls=hls), report("b"))
    assert found["tool"] == ["2023.1, xcvu13p-flga2577-2-e", "–"]
    assert found["window"] == ["500", "500"]
    assert found["window, estimated"] == ["695", "–"]
    assert found["window, cosimulated"] == ["700", "–"]
    assert found["window at its clock, ns"] == ["3,475", "–"]  # 695 * 5 ns
    assert found["gru"] == ["97", "97"]
    assert found["gru, HLS estimate"] == ["560", "–"]
    assert found["latency at it, ns"] == ["2,000", "–"]  # 100 cycles of 20 ns
    assert found["interval at it, ns"] == ["20,000", "–"]


def test_markdown_marks_the_best() -> None:
    reports = report("a|b", latency=100), report("c", latency=90)
    text = render_markdown(["a|b", "c"], compare(reports))
    assert r"| **Cycles** | a\|b | c |" in text
    assert "| latency | 100 | **90** |" in text
    assert "| interval | 1,000 | 1,000 |" in text


@pytest.mark.parametrize(
    ("text", "share"), [("5%", 0.05), ("0", 0.0), ("2.5 %", 0.025), ("100", 1.0)]
)
def test_percentages(text: str, share: float) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["fast", "-1", "-1%", "", "nan", "inf%"])
def test_what_is_no_percentage(text: str) -> None:
    with pytest.raises(ChronogateError, match="for example 5%"):
        parse_share(text)


def test_slower_cycles_are_named() -> None:
    runs = [Compared("old", report("old", latency=100), None),
            Compared("new", report("new", latency=106), None)]  # fmt: skip
    found = slower(runs, 0.05)
    assert found == (
        "new: predicted latency_cycles is 106, 6.0% more than the 100 of old",
        "new: predicted last_beat_cycles is 111, 5.7% more than the 105 of old",
    )
    assert slower(runs, 0.06) == ()
    assert slower(runs[::-1], 0.0) == ()


def test_a_slower_clock_counts_where_both_were_routed() -> None:
    old, new = report("old", fmax=60.0), report("new", fmax=50.0)
    runs = [Compared("old", old, None), Compared("new", new, None)]
    (sentence,) = slower(runs, 0.1)
    assert sentence.startswith("new: latency_ns on board, routed is 2000, 20.0% more")
    unrouted = replace(new, implementations=())
    assert slower([runs[0], Compared("new", unrouted, None)], 0.1) == ()


def test_simulated_cycles_count_too() -> None:
    old = report("old")
    cycles = old.latency.predicted
    counted = replace(old, latency=replace(old.latency, simulated=cycles))
    late = replace(cycles, step_cycles=30)
    new = replace(counted, latency=replace(counted.latency, simulated=late))
    found = slower([Compared("old", counted, None), Compared("new", new, None)], 0.05)
    assert found == ("new: simulated step_cycles is 30, 20.0% more than the 25 of old",)


def test_errors_are_ranked_among_forecasts_of_the_same() -> None:
    """Another horizon, or targets that the last value forecasts better: another task."""
    one, other = report("a"), report("b")
    other = replace(other, accuracy=replace(other.accuracy, mse=0.25))
    farther = replace(other, model=replace(other.model, horizon=24))
    easier = replace(other, accuracy=replace(other.accuracy, baselines=Baselines(last_value=0.125)))
    for reports, best in (([one, other], True), ([one, farther], False), ([one, easier], False)):
        rows = {row.name: row for group in compare(reports) for row in group.rows}
        assert [cell.best for cell in rows["mean squared error"].cells] == [False, best]
    assert [cell.text for cell in rows["horizon, steps"].cells] == ["2", "2"]
