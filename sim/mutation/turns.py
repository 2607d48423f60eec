"""What cocotb runs: for each mutant in turn, the shipped tests until one of them fails.

Every test of every mutant is a test of cocotb's own, called ``<turn>.<test>``, so that whatever
fails, also in a background task, fails it and nothing else, and no task outlives its test. The
simulator's process and its build serve all mutants.
"""

from collections.abc import Callable, Coroutine, Iterator
from importlib import import_module
from typing import Any, cast

import cocotb
from cocotb.handle import HierarchyObject
from cocotb.triggers import Timer
from cocotb.utils import get_sim_time

from sim.cocotb_runner import MODULES
from sim.measure import predicted_report
from sim.mutation.mutant import SELECTOR
from sim.mutation.plan import Plan
from sim.testbench.bench import PERIOD_NS
from sim.testbench.case import Case, TestResult
from sim.testbench.handles import bit, word

CYCLES_OF_RESET = 4
_LONGEST_NS = 300_000 * PERIOD_NS
"""Many times what any test of a small design takes: whoever waits longer waits for ever."""
Test = Callable[[HierarchyObject], Coroutine[Any, Any, None]]


_PLAN = Plan.load(Case.from_environment().folder)
_passed: set[tuple[int, str]] = set()


async def bring_to_life(dut: HierarchyObject, mutant: int) -> None:
    """Reset the design while no mutant is alive, so that the last one leaves nothing behind."""
    clock = bit(dut, "aclk")
    # The last test may have ended in mid-cycle; the testbench begins with whole ones.
    await Timer(2 * PERIOD_NS - int(get_sim_time("ns")) % PERIOD_NS, "ns")
    for pin in _PLAN.inputs:
        word(dut, pin).value = 0
    for selected in (0, mutant):
        if any(_PLAN.mutants):  # else it is a design without mutants, and without the pin
            word(dut, SELECTOR).value = selected
        for _ in range(CYCLES_OF_RESET):
            clock.value = 0
            await Timer(PERIOD_NS // 2, "ns")
            clock.value = 1
            await Timer(PERIOD_NS - PERIOD_NS // 2, "ns")


def in_turn(turn: int, test: str, before: str | None, shipped: Test) -> Test:
    """Return a shipped test for one mutant; it does nothing where an earlier test failed."""

    async def run(dut: HierarchyObject) -> None:
        if before is None:
            await bring_to_life(dut, _PLAN.mutants[turn])
        elif (turn, before) not in _passed:
            return
        await shipped(dut)
        check_cycles(test)
        _passed.add((turn, test))

    return run


def check_cycles(test: str) -> None:
    """Do what `sim.verification.Verification.passed` does: compare the cycles with the promise."""
    case = Case.from_environment()
    counted = TestResult.load(case.folder, test).cycles
    if counted is not None:
        promised = predicted_report(case.network, case.codes)
        assert counted == promised, f"counted {counted}, promised {promised}"


def shipped_tests(names: tuple[str, ...]) -> Iterator[tuple[str, Test]]:
    """Yield the shipped tests of these names."""
    found = {
        name: value.func
        for module in MODULES
        for name, value in vars(import_module(module)).items()
        if name in names and hasattr(value, "func")
    }
    for name in names:
        yield name, cast(Test, found[name])


def _register() -> None:
    for turn in range(len(_PLAN.mutants)):
        before = None
        for test, shipped in shipped_tests(_PLAN.tests):
            made = in_turn(turn, test, before, shipped)
            named = cocotb.test(name=f"{turn}.{test}", timeout_time=_LONGEST_NS, timeout_unit="ns")
            run = named(made)
            globals()[f"turn{turn}_{test}"] = run
            before = test


_register()
