"""The tools tell right from wrong, for all times and for some, and leave what one needs to look."""

from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import Signal

from sim.formal import prover
from sim.formal.__main__ import main
from sim.formal.bug import Bug
from sim.formal.campaign import Row, chosen
from sim.formal.catalogue import SUBJECTS, properties
from sim.formal.property import Engine, Property
from sim.formal.prover import FAIL, PASS, Verdict, prove, statement
from sim.formal.setting import Setting

NO_BUG = Bug("hw.stream", "", "")


def counts_to(limit: int, init: int = 0, *, stops: bool = True) -> Property:
    """Return that a counter of 4 bits that stops at 9, or goes on, never exceeds `limit`."""

    def build(s: Setting) -> None:
        count = Signal(4, init=init, name="count")
        with s.m.If(s.free(1, "enable") & ((count != 9) | (not stops))):
            s.m.d.sync += count.eq(count + 1)
        s.prove(count <= limit)

    return Property("counts", "counter", build, NO_BUG)


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        (counts_to(9), PASS),
        (counts_to(8), FAIL),
        (replace(counts_to(8), engine=Engine.BMC, depth=9), PASS),
        (replace(counts_to(8), engine=Engine.BMC, depth=10), FAIL),
        (replace(counts_to(9), any_start=True), FAIL),
    ],
)
def test_verdicts(rule: Property, outcome: str, tmp_path: Path) -> None:
    verdict = prove(rule, statement(rule), tmp_path / "proof", trace=False)
    assert verdict.outcome == outcome, (tmp_path / "proof" / prover.LOG).read_text()


def test_a_counterexample_has_waves(tmp_path: Path) -> None:
    rule = counts_to(2)
    assert prove(rule, statement(rule), tmp_path / "proof").outcome == FAIL
    assert list((tmp_path / "proof").glob("**/trace.vcd"))


@pytest.mark.parametrize(("path", "outcome"), [("comb", FAIL), ("sync", PASS)])
def test_cones_end_at_registers(path: str, outcome: str, tmp_path: Path) -> None:
    def build(s: Setting) -> None:
        result = Signal(name="result")
        s.m.d[path] += result.eq(~s.free(1, "given"))
        s.led_out(result, "result_out")

    rule = Property("", "", build, NO_BUG, Engine.CONE, cone=("result_out", ("given",)))
    assert prove(rule, statement(rule), tmp_path / "proof").outcome == outcome


@pytest.mark.parametrize(
    ("proof", "bug", "holds"),
    [(PASS, FAIL, True), (PASS, PASS, False), (FAIL, FAIL, False), ("TIMEOUT", FAIL, False)],
)
def test_a_property_counts_only_if_its_bug_is_found(proof: str, bug: str, holds: bool) -> None:
    verdicts = (Verdict(outcome, 0.0, Path()) for outcome in (proof, bug))
    assert Row(counts_to(9), *verdicts).holds == holds


def test_every_pair_of_modes_is_proved() -> None:
    assert len(properties("resize")) == 28
    assert {task.subject for task in chosen()} == set(SUBJECTS)


def test_the_table_tells_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    only = ["--only", "AxiLite: awready"]
    assert main(only) == 0
    assert "1 of 1 properties proved and their seeded bugs found, 1 unb" in capsys.readouterr().out
    monkeypatch.setattr("sim.formal.prover._REGISTERS", "$xor")  # now nothing ends a path
    assert main(only) == 1
    assert "look at runs/formal/axi_lite-3" in capsys.readouterr().out
    assert main(["--only", "no such property"]) == 1
