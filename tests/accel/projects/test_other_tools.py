"""Quartus and Radiant: scripts and constraints run against recorders."""

from pathlib import Path

import pytest

from accel.projects import find_project_board
from accel.projects.uart_shell import UartShell
from tests.accel.projects.constraints import Constraints
from tests.accel.projects.recorder import Problem, Recorder, existing, module_ports, split_options
from tests.accel.projects.writing import files_of, write


class Quartus(Recorder):
    """quartus_sh, as far as the projects use it."""

    def __init__(self, folder: Path, slack: str = "1.250") -> None:
        super().__init__()
        self.tcl.eval("proc package {args} {}")
        self.folder, self.settings = folder, {}
        for name, handler in {
            "project_new": lambda *words: split_options(words, set(), {"-overwrite"}),
            "set_global_assignment": self._assign,
            "set_location_assignment": lambda pin, to, port: None,
            "set_instance_assignment": lambda *words: split_options(words, {"-name", "-to"}, set()),
            "export_assignments": lambda: None,
            "execute_flow": self._compile,
            "load_report": lambda: None,
            "get_report_panel_data": lambda *words: slack,
            "unload_report": lambda: None,
            "project_close": lambda: None,
        }.items():
            self.command(name, handler)

    def _assign(self, *words: str) -> None:
        options, (value,) = split_options(words, {"-name"}, set())
        if options["-name"].endswith("_FILE"):
            existing(str(self.folder / value))
        self.settings[options["-name"]] = value

    def _compile(self, option: str) -> None:
        if option != "-compile":
            raise Problem(f"there is no option {option}")
        text = existing(str(self.folder / self.settings["VERILOG_FILE"])).read_text()
        module_ports(text, self.settings["TOP_LEVEL_ENTITY"])


class Radiant(Recorder):
    """radiantc, as far as the projects use it."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[Path] = []
        self.ran: list[str] = []
        valued = {"-name", "-impl", "-dev", "-performance", "-synthesis"}
        for name, handler in {
            "prj_create": lambda *words: split_options(words, valued, set()),
            "prj_add_source": lambda file: self.sources.append(existing(file)),
            "prj_set_impl_opt": self._option,
            "prj_save": lambda: None,
            "prj_run": self._run,
            "prj_close": lambda: None,
        }.items():
            self.command(name, handler)

    def _option(self, *words: str) -> None:
        _, (name, value) = split_options(words, {"-impl"}, set())
        if name == "top":
            module_ports(self.sources[0].read_text(), value)

    def _run(self, *words: str) -> None:
        _, (step,) = split_options(words, {"-impl", "-task"}, {"-forceOne"})
        steps = ["Synthesis", "Map", "PAR", "Export"]
        if len(self.ran) > 3 or step != steps[len(self.ran)]:
            raise Problem(f"{step} comes at the wrong place")
        self.ran.append(step)


def run(board: str, folder: Path) -> Recorder:
    recorder = Quartus(folder) if board == "de10-nano" else Radiant()
    recorder.source(folder / "build.tcl")
    return recorder


def check_pins(board: str, folder: Path) -> None:
    found = find_project_board(board)
    assert found is not None
    assert isinstance(found.shell, UartShell)
    ports = module_ports(files_of(board)["rtl/board_top.v"], "board_top")
    constraints = Constraints(ports)
    for name in ("board.sdc", "pins.tcl", "board.pdc"):
        if (folder / "constraints" / name).exists():
            last = folder / "constraints" / name
            constraints.source(last)
    expected = {pin.port: pin.site for pin in found.shell.pins}
    if constraints.sites != expected:
        raise Problem(f"the pins are {constraints.sites}")
    constraints.check_clock("clk", 1e3 / found.shell.oscillator_mhz)


def check(board: str, folder: Path) -> None:
    run(board, folder)
    check_pins(board, folder)


def test_the_de10_nano(tmp_path: Path) -> None:
    recorder = run("de10-nano", write("de10-nano", tmp_path))
    assert isinstance(recorder, Quartus)
    assert recorder.settings["DEVICE"] == "5CSEBA6U23I7"
    assert len(recorder.of("set_location_assignment")) == 5
    check_pins("de10-nano", tmp_path)


def test_a_missed_clock_ends_the_build(tmp_path: Path) -> None:
    write("de10-nano", tmp_path)
    with pytest.raises(Problem, match=r"missed by 0\.75 ns"):
        Quartus(tmp_path, slack="-0.75").source(tmp_path / "build.tcl")


def test_the_icebreaker_with_radiant(tmp_path: Path) -> None:
    recorder = run("icebreaker-radiant", write("icebreaker-radiant", tmp_path))
    assert isinstance(recorder, Radiant)
    assert [file.name for file in recorder.sources] == ["board_top.v", "board.pdc"]
    assert recorder.ran == ["Synthesis", "Map", "PAR", "Export"]
    check_pins("icebreaker-radiant", tmp_path)


@pytest.mark.parametrize(
    ("board", "file", "old", "new", "message"),
    [
        ("de10-nano", "build.tcl", "rtl/board_top.v", "rtl/top.v", "no file"),
        ("de10-nano", "build.tcl", "ENTITY board_top", "ENTITY top", "no module top"),
        ("de10-nano", "build.tcl", "execute_flow", "execute_flows", "invalid command"),
        ("de10-nano", "constraints/pins.tcl", "-to uart_rx", "-to rx", "no port rx"),
        ("de10-nano", "constraints/pins.tcl", "PIN_V11", "PIN_V12", "the pins are"),
        ("de10-nano", "constraints/board.sdc", "20.000", "10.000", "the clocks are"),
        ("icebreaker-radiant", "build.tcl", "board.pdc", "board.lpf", "no file"),
        ("icebreaker-radiant", "build.tcl", "prj_run Map -impl impl_1\n", "", "wrong place"),
        ("icebreaker-radiant", "constraints/board.pdc", "{35}", "{6}", "two ports at 6"),
        ("icebreaker-radiant", "constraints/board.pdc", "ports uart_tx", "ports tx", "port tx"),
    ],
)  # fmt: skip
def test_a_planted_error_is_noticed(
    board: str, file: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    write(board, tmp_path, {file: (old, new)})
    with pytest.raises(Problem, match=message):
        check(board, tmp_path)
