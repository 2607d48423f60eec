"""Runs the cocotb testbench on Verilator and says what it found."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from hw.errors import ChronogateError
from hw.network.codes import Codes
from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.top.verilog import design_verilog
from sim.cocotb_build import build_simulation, tool_environment
from sim.coverage.bins import Bins, Key, counted
from sim.coverage.control import control_bins
from sim.coverage.data import observe
from sim.coverage.windows import directed_windows
from sim.layer_cycles import predicted_layers
from sim.measure import predicted_report
from sim.testbench.build_options import build_options
from sim.testbench.case import FOLDER_VARIABLE, Case, TestResult
from sim.toolchain import Toolchain, find_toolchain
from sim.verification import Mismatch, Verification
from sim.waves import trim_wave
from sim.weight_names import weight_names

TESTS = (
    "back_to_back",
    "random_gaps",
    "random_stalls",
    "gaps_and_stalls",
    "long_stall",
    "reset_in_mid_window",
    "wrong_tlast",
)
STREAM_TESTS = (
    "streams_back_to_back",
    "streams_random_gaps",
    "streams_random_stalls",
    "streams_gaps_and_stalls",
    "streams_long_stall",
    "streams_reset",
    "streams_wrong_tlast",
)
"""For networks of several inputs or outputs, of interleaved series, or of another mode."""

CONTROL_TESTS = ("registers", "counters", "reset_state")
STREAM_CONTROL_TESTS = ("stream_registers", "stream_counters", "stream_reset_state")
"""The registers of the designs that `STREAM_TESTS` are for; the last in streaming mode only."""

RELOAD_TESTS = ("reload",)
GATED_TESTS = ("registers", "reset_state", "gated_counters", "threshold_changes")
COVERAGE_TESTS = ("reset_phases", "patterns")
"""For every design: what the others need not have met (`sim.coverage`)."""

MODULES = tuple(
    f"sim.testbench.{name}tests"
    for name in (
        "",
        "control_",
        "counter_",
        "gated_",
        "stream_",
        "stream_control_",
        "coverage_",
        "reload_",
    )
)
"""In the order in which cocotb runs their tests: `reload` leaves another model behind."""

_ALL_TESTS = (
    *TESTS, *CONTROL_TESTS, *RELOAD_TESTS, *GATED_TESTS, *STREAM_TESTS, *STREAM_CONTROL_TESTS,
    *COVERAGE_TESTS,
)  # fmt: skip
PICOSECONDS = 1000
"""Units of time of the wave in a nanosecond."""

WAVE = "dump.vcd"
RESULTS = "results.xml"


def run_testbench(
    network: Design,
    codes: Codes,
    folder: Path,
    seed: int,
    waves: bool = False,
    tick: Callable[[int], None] | None = None,
    verilog: str | None = None,
    control: bool = False,
) -> Verification:
    """Verify a design with cocotb: codes, protocol, cycles.

    Parameters
    ----------
    network
        The design and its golden model.
    codes
        Windows or series as `Network.evaluate` takes them, at least two; a few dozen take seconds.
        Behind them go those that `directed_windows` finds for saturation and ties that they lack.
    folder
        Where the simulation is built and its log, results and waves stay.
    seed
        Of gaps and stalls.
    waves
        Write ``dump.vcd`` also when nothing differs.
    tick
        Called with 1 after the build and after the tests.
    verilog
        Verilog to run in place of the network's own; for tests of the testbench.
    control
        Give the design registers behind AXI4-Lite, and test them, too.

    Raises
    ------
    ChronogateError
        When a tool is missing, the build fails, or a test fails for another reason than a wrong
        code, such as a broken rule of AXI4-Stream; its words are given.
    """
    arrays = network.check_arrays(codes)
    plain = is_plain(network)
    if len(arrays[0]) < 2:
        raise ChronogateError("the testbench wants at least two windows: give it more data")
    toolchain = find_toolchain()
    folder = folder.resolve()
    for path in (folder, toolchain.root):
        if any(character.isspace() for character in str(path)):
            raise ChronogateError(
                f"the path {str(path)!r} contains a space, with which make cannot build the "
                "testbench: use a folder without"
            )
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "accelerator.v"
    if verilog is None:
        verilog = design_verilog(network, control=control)
    source.write_text(verilog, encoding="utf-8")
    tests = TESTS if plain else STREAM_TESTS
    tests += _register_tests(network) * control + COVERAGE_TESTS
    if isinstance(network, Network):
        further = directed_windows(network, arrays, seed)
        arrays = tuple(np.concatenate(pair) for pair in zip(arrays, further, strict=True))
    case = Case(folder, network, arrays, seed)
    results, problems = _run(toolchain, case, source, tests, waves, tick or (lambda done: None))
    mismatches = sum(result.mismatches for result in results.values())
    first = _locate(toolchain, case, source, results) if mismatches else None
    cycles = results[tests[0]].cycles if tests[0] in results else None
    layers = results[tests[0]].layers if tests[0] in results else ()
    if cycles is None or (problems and not mismatches):
        raise _failed(toolchain, case, source, problems, first)
    return Verification(
        vectors=sum(result.windows for result in results.values()),
        values_compared=sum(result.values for result in results.values()),
        mismatches=mismatches,
        seed=seed,
        backpressure=tests,
        simulator=toolchain.version,
        realizations=("reference", "rtl"),
        predicted=predicted_report(network, case.codes),
        simulated=cycles,
        first_mismatch=first,
        coverage=_coverage(case, results),
        layers_predicted=predicted_layers(case.plain, layers) if layers else (),
        layers_counted=layers,
    )


def _coverage(case: Case, results: dict[str, TestResult]) -> Bins:
    hits: Counter[Key] = Counter()
    for result in results.values():
        hits.update({(group, name): count for group, name, count in result.hits})
    control = counted(control_bins(case.network), hits)
    return (*control, *observe(case.network, case.arrays).bins)


def _register_tests(design: Design) -> tuple[str, ...]:
    if isinstance(design, GatedNetwork):
        return GATED_TESTS
    if not is_plain(design):
        return STREAM_CONTROL_TESTS[: 3 if design.mode is Mode.STREAMING else 2]
    return CONTROL_TESTS + RELOAD_TESTS * bool(design.reloadable)


def is_plain(network: Design) -> bool:
    """Tell whether a design takes windows of one series, with one input and one output."""
    ports = (*network.inputs, *network.outputs)
    return network.mode is Mode.WINDOW and network.input.series == 1 and len(ports) == 2


def _locate(
    toolchain: Toolchain, case: Case, source: Path, results: dict[str, TestResult]
) -> Mismatch:
    """Run the first failing test again with waves, watching every layer."""
    test = next(name for name, result in results.items() if result.mismatches)
    found = results[test].first_mismatch
    assert found is not None, "a result with mismatches names the first"
    # Where not every beat belongs to a window in turn, layers are not watched, but there are waves.
    watched = replace(case, locate=test in TESTS)
    again, _ = _run(toolchain, watched, source, (test,), True, lambda done: None)
    located = (again[test].first_mismatch if test in again else None) or found
    wave = case.folder / WAVE
    span = again[test].span if test in again else None
    if span is not None:
        trim_wave(wave, *(PICOSECONDS * moment for moment in span))
    return replace(located, wave=str(wave), weights=_weights(case.network, located))


def _weights(network: Design, found: Mismatch) -> str:
    nodes = network.nodes if isinstance(network, Network) else ()
    names = (weight_names(node.spec, found.channel) for node in nodes
             if node.name == found.layer.removesuffix(".h"))  # fmt: skip
    return next(names, "")


def _failed(
    toolchain: Toolchain,
    case: Case,
    source: Path,
    problems: dict[str, str],
    first: Mismatch | None,
) -> ChronogateError:
    """Run the first test that failed again with waves, and put it all into one sentence."""
    test, words = next(iter(problems.items()), ("cocotb", "no result was written"))
    files = [f"log: {case.folder / 'test.log'}"]
    if test in _ALL_TESTS:
        _run(toolchain, case, source, (test,), True, lambda done: None)
        files.append(f"waveform: {case.folder / WAVE}")
    earlier = "" if first is None else f"; the first wrong code is in {first}"
    return ChronogateError(
        f"the cocotb test {test} of {case.network.name} failed: {words}{earlier} "
        f"({', '.join(files)})"
    )


def _run(
    toolchain: Toolchain,
    case: Case,
    source: Path,
    tests: tuple[str, ...],
    waves: bool,
    tick: Callable[[int], None],
) -> tuple[dict[str, TestResult], dict[str, str]]:
    """Build and run; return the tests' results, and the words of those that failed, by test."""
    case.save()
    for test in tests:
        (case.folder / f"result_{test}.json").unlink(missing_ok=True)
    build = case.folder / ("build_waves" if waves else "build")
    options, split = build_options(case)
    with tool_environment(toolchain, options):
        runner = build_simulation(toolchain, source, build, options, split, waves=waves)
        tick(1)
        stopped = "wrote no result"
        try:
            runner.test(
                test_module=list(MODULES),
                hdl_toplevel="accelerator",
                # By `testcase` streams_back_to_back would run for back_to_back, too.
                test_filter=rf"\.({'|'.join(tests)})$",
                build_dir=build,
                test_dir=case.folder,
                waves=waves,
                seed=case.seed,
                results_xml=str(case.folder / RESULTS),
                extra_env={FOLDER_VARIABLE: str(case.folder)},
                log_file=case.folder / "test.log",
            )
        except (SystemExit, RuntimeError) as error:
            # Also how the runner says that tests failed; the results file knows which.
            stopped = f"the simulator stopped ({error})"
        tick(1)
    results = {
        test: TestResult.load(case.folder, test)
        for test in tests
        if (case.folder / f"result_{test}.json").exists()
    }
    problems = _failures(case.folder / RESULTS)
    for test in tests:
        if test not in results:
            problems.setdefault(test, stopped)
    return results, {test: problems[test] for test in tests if test in problems}


def _failures(report: Path) -> dict[str, str]:
    """Return test and message of every failed test in a JUnit file; none without a file."""
    if not report.exists():
        return {}
    found = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        for problem in (*case.iter("failure"), *case.iter("error")):
            text = problem.get("error_msg") or problem.get("message") or problem.text or "failed"
            # The further lines are pytest's dissection of an assertion.
            found[(case.get("name") or "").split(".")[-1]] = text.strip().splitlines()[0]
    return found
