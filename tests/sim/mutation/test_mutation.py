"""Mutants are made, run, and told apart from those that change nothing."""

import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from sim.formal.bug import Bug
from sim.mutation import bench, campaign, planted
from sim.mutation.__main__ import main
from sim.mutation.bench import Verdict, run_mutants
from sim.mutation.campaign import Fate, Row
from sim.mutation.catalogue import SUBJECTS, gru, residual
from sim.mutation.equivalence import Answer, Prover, begin_with
from sim.mutation.kept import Kept, digest
from sim.mutation.mutant import SELECTOR_BITS, Mutant, is_logic
from sim.mutation.netlist import write_mutated, write_netlist
from sim.mutation.subject import JOINS, REGISTERS, Subject

LINE = (
    "mutate -mode cnot0 -module accelerator -cell $flatten\\core.\\entry.$84 -port Y -portbit 6 "
    f"-ctrlbit 4 -src {Path(__file__).parents[3]}/hw/top/entry.py:62|/x/amaranth/lib/fifo.py:9"
)


def test_a_line_of_yosys_is_read() -> None:
    mutant = Mutant.parse(LINE, 7, "stream")
    assert mutant.sources == ("amaranth/lib/fifo.py:9", "hw/top/entry.py:62")
    assert mutant.command.startswith("mutate -ctrl mutant 16 7 -mode cnot0 ")
    assert str(mutant).startswith("amaranth/lib/fifo.py:9, hw/top/entry.py:62: cnot0 at Y[6]")
    assert is_logic(LINE)
    assert not is_logic(LINE.replace("-port Y", "-port CLK"))
    assert not is_logic(LINE.replace("-port Y", "-port RD_CLK"))


def test_a_mutant_is_chosen_in_a_statement() -> None:
    """Its number, and which registers it has for itself, is what registers begin with."""
    begins = [f"chosen[{bit}]" for bit in range(SELECTOR_BITS)] + ["own[0]", "own[1]"]
    latches = [b"2"] + [str(4 + 2 * place).encode() for place in range(len(begins))]
    names = [f"l{place + 1} {name} wrong.mutant" for place, name in enumerate(begins)]
    head = f"aig 19 0 {len(latches)} 1 0".encode()
    text = b"\n".join([head, *latches, b"2", *(name.encode() for name in names), b""])
    lines = begin_with(text, {("chosen", 0), ("chosen", 2), ("own", 1)}).split(b"\n")
    assert lines[1:5] == [b"2", b"4 1", b"6", b"8 1"]
    assert lines[18:20] == [b"36", b"38 1"]
    assert lines[20:] == text.split(b"\n")[20:]


def test_every_block_has_its_hundred_mutants() -> None:
    counts: dict[str, int] = {}
    for subject in SUBJECTS:
        for block, count in subject.counts.items():
            counts[block] = counts.get(block, 0) + count
    assert sum(counts.values()) >= 1000
    assert set(counts) == {"dense", "LSTM", "GRU", "activations", "stream", "joins", "registers"}
    assert min(counts.values()) >= 100


def join_mutant(number: int, cell: str, mode: str) -> Mutant:
    options = f"-mode {mode} -module accelerator -cell {cell} -port Y -portbit 0"
    return Mutant(number, JOINS, options, ())


def test_killed_equivalent_and_missed_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a small join: a wrong flag that is seen, a flag that is always high, a wrong buffer."""
    subject = Subject("residual", residual, {}, rows=4)
    write_netlist(subject, tmp_path)
    text = (tmp_path / "netlist.il").read_text()
    assert 'attribute \\block "joins"' in text
    queue = "$flatten\\core.\\y_join.\\queue0.$23"
    mutants = [join_mutant(1, queue, "const0"), join_mutant(2, queue, "const1")]
    (verdicts,) = run_mutants(subject, write_mutated(mutants, tmp_path), mutants, 1)
    assert verdicts[1].test == "back_to_back"
    assert verdicts[1].cycles > 0
    assert verdicts[2] == Verdict(None, "", verdicts[2].cycles)
    prover = Prover.prepare(mutants, subject.pins, tmp_path)
    assert [prover.answer(mutant) for mutant in mutants] == [Answer.MISSED, Answer.EQUIVALENT]


class KeepingRunner:
    """Keeps where a test runs, as cocotb's runner does, until both threads have told it."""

    both = Barrier(2, timeout=60)
    folder = Path()

    def test(self, test_dir: Path, **_: object) -> None:
        self.folder = test_dir
        self.both.wait()
        cases = "".join(f'<testcase name="{turn}.back_to_back"/>' for turn in range(3))
        (self.folder / "results.xml").write_text(f"<testsuite>{cases}</testsuite>")


def test_processes_of_one_build_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_built", lambda verilog: nullcontext(KeepingRunner()))
    subject = Subject("residual", residual, {}, rows=4)
    mutants = [join_mutant(number, "any", "inv") for number in (1, 2)]
    found = list(run_mutants(subject, tmp_path / "mutated.v", mutants, 2))
    assert sorted(number for verdicts in found for number in verdicts) == [1, 2]


def test_a_register_that_never_changes_is_proved(tmp_path: Path) -> None:
    """ABC removes all registers then, and is asked about what is left. The slot has one gate."""
    subject = Subject("GRU", gru, {})
    write_netlist(subject, tmp_path)
    wire = "core.gru.U$5.product0_bank0_sum1_control_slot"
    text = (tmp_path / "netlist.il").read_text()
    mutant = at_wire(text, 1, "Q", re.escape(wire), "-mode const0 -portbit 0")
    prover = Prover.prepare([mutant], subject.pins, tmp_path)
    assert prover.answer(mutant) is Answer.EQUIVALENT


ONCE_MISSED = {
    # Addresses, and data, that come while others wait: no two accesses were under way.
    "address taken twice": ("Y", "s_axil_awready", "-mode const1 -portbit 0"),
    "data taken twice": ("Y", "s_axil_wready", "-mode const1 -portbit 0"),
    # Nobody counts so far.
    "upper bit of a counter": ("Q", "control.counters.running0", "-mode const0 -portbit 60"),
    "upper bit of the drops": ("Q", "dropped_windows", "-mode const0 -portbit 31"),
    # No reset came while an answer waited, and nobody looked at what it leaves of the counters.
    "answer outlives a reset": ("Q", "s_axil_rvalid", "-mode const1 -port SRST -portbit 0"),
    "counts during a reset": (
        "Q", "control.counters.events_late \\[0\\]", "-mode const1 -port D -portbit 0",
    ),
    # No two commands came in one word.
    "command with another": (
        "D", "s_axil_wdata \\[2:0\\]", "-mode cnot1 -portbit 1 -ctrlbit 0",
    ),
}  # fmt: skip
"""Mutants of registers that the testbench did not kill: the pin and the wire, and what is wrong."""


def at_wire(netlist: str, number: int, pin: str, wire: str, wrong: str) -> Mutant:
    """Return a mutant of the cell whose `pin` is at a wire; of that pin where none is said."""
    pattern = rf"\n  cell \S+ (\S+)\n(?:    .*\n)*?    connect \\{pin} \\{wire}\n"
    (cell,) = re.findall(pattern, netlist)
    port = "" if "-port " in wrong else f"-port {pin} "
    return Mutant(number, REGISTERS, f"-module accelerator -cell {cell} {port}{wrong}", ())


def test_what_the_testbench_of_registers_once_missed_is_killed(tmp_path: Path) -> None:
    subject = replace(next(s for s in SUBJECTS if s.control), rows=12)
    write_netlist(subject, tmp_path)
    netlist = (tmp_path / "netlist.il").read_text()
    mutants = [at_wire(netlist, k, *of) for k, of in enumerate(ONCE_MISSED.values(), start=1)]
    (verdicts,) = run_mutants(subject, write_mutated(mutants, tmp_path), mutants, 1)
    live = [name for k, name in enumerate(ONCE_MISSED, start=1) if verdicts[k].test is None]
    assert not live


def fates(killed: int, missed: int, equivalent: int = 0) -> list[Fate]:
    mutant = Mutant.parse(LINE, 1, "stream")
    answers = [None] * killed + [Answer.MISSED] * missed + [Answer.EQUIVALENT] * equivalent
    return [Fate("design", mutant, Verdict("test", "", 1), answer) for answer in answers]


@pytest.mark.parametrize(("killed", "missed", "code"), [(99, 1, 0), (98, 1, 1), (0, 0, 1)])
def test_the_exit_code(
    killed: int, missed: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    found = fates(killed, missed, 3 * bool(killed))
    monkeypatch.setattr(campaign.Campaign, "run", lambda *given: found)
    assert main(["--only", "LSTM", "--folder", str(tmp_path)]) == code
    said = capsys.readouterr().out
    assert said.count("missed: design, stream: ") == missed


def test_results_are_kept_and_a_cut_line_is_not(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    Kept(path).put("a", {"answer": "missed"})
    Kept(path).put("a", {"answer": "equivalent"})
    with path.open("a") as file:
        file.write('{"b": {"ans')
    assert Kept(path).get("a") == {"answer": "equivalent"}
    assert Kept(path).get("b") is None
    assert digest("ab", "c") != digest("a", "bc")


def test_only_what_is_new_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict is one of a testbench, unless one asks for what lives only."""
    subject = Subject("residual", residual, {JOINS: 3}, rows=4)
    ran: list[list[int]] = []

    def run(given: Subject, mutated: Path, mutants: list[Mutant], workers: int):
        ran.append([mutant.number for mutant in mutants])
        yield {m.number: Verdict(None if m.number == 2 else "test", "", 1) for m in mutants}

    monkeypatch.setattr(campaign, "run_mutants", run)
    monkeypatch.setattr(Prover, "prepare", lambda *given: Prover(tmp_path))
    monkeypatch.setattr(Prover, "answer", lambda *given: Answer.MISSED)
    for testbench, living, expected in (
        ("one", False, [1, 2, 3]),
        ("one", False, None),
        ("two", True, [2]),
        ("two", False, [1, 3]),
    ):
        monkeypatch.setattr(campaign, "digest_of_sources", lambda names, said=testbench: said)
        ran.clear()
        found = campaign.Campaign(tmp_path, False, 1, 1, living, lambda line: None).run(subject)
        assert ran == ([] if expected is None else [expected])
        assert [fate.answer for fate in found] == [None, Answer.MISSED, None]


def test_equal_ones_do_not_count() -> None:
    assert Row("stream", tuple(fates(3, 1, 5))).share == 0.75
    assert campaign.WANTED == 0.99


@pytest.mark.parametrize("bug", [p.bug for p in planted.PLANTED])
def test_all_planted_bugs_fit(bug: Bug) -> None:
    assert bug.apply(bug.text()) != bug.text()


def test_registers_are_mutated_in_a_design_that_has_them() -> None:
    for subject in SUBJECTS:
        assert (REGISTERS in subject.counts) <= subject.control
