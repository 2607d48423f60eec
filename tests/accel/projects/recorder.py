"""Executes Tcl scripts against recorders of a tool's commands.

A recorder knows each command that a script may use, and nothing else: an unknown command, a wrong
option or an object that was not created is a `Problem`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_TK = pytest.importorskip("tkinter", reason="Python without tkinter (Debian: python3-tk)")
Tcl, TclError = _TK.Tcl, _TK.TclError


class Problem(AssertionError):
    """What the tool would have stopped at."""


@dataclass
class Recorder:
    """A Tcl interpreter with recorded commands."""

    calls: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tcl = Tcl()
        self.tcl.eval("set auto_noexec 1; set auto_noload 1")
        self._problem: Problem | None = None

    def command(self, name: str, handler: Callable[..., object]) -> None:
        """Define a command; its handler takes the words of the call."""
        if "::" in name:
            self.tcl.eval(f"namespace eval {name.rpartition('::')[0]} {{}}")

        def call(*words: object) -> object:
            texts = tuple(str(word) for word in words)
            self.calls.append((name, *texts))
            try:
                return handler(*texts)
            except Problem as problem:
                self._problem = problem
                raise
            except Exception as error:  # a wrong number of words
                self._problem = Problem(f"{name} {' '.join(texts)}: {error}")
                raise

        self.tcl.createcommand(name, call)

    def words(self, text: str) -> tuple[str, ...]:
        """Split a Tcl list."""
        return tuple(str(word) for word in self.tcl.splitlist(text))

    def source(self, script: Path) -> None:
        """Run a script; the working folder stays what it is."""
        here = Path.cwd()
        try:
            self.tcl.eval(f"source {{{script}}}")
        except TclError as error:
            raise self._problem or Problem(f"{script.name}: {error}") from None
        finally:
            self.tcl.eval(f"cd {{{here}}}")

    def of(self, name: str) -> list[tuple[str, ...]]:
        """Return the words of all calls of a command."""
        return [call[1:] for call in self.calls if call[0] == name]


def split_options(words: tuple[str, ...], valued: set[str], flags: set[str]) -> tuple[dict, list]:
    """Split a call into its options and the rest; others than those named are a `Problem`."""
    options: dict[str, str] = {}
    rest: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if not re.match(r"-[a-z]", word):
            rest.append(word)
        elif word in flags:
            options[word] = ""
        elif word in valued:
            options[word] = left.pop(0)
        else:
            raise Problem(f"there is no option {word}")
    return options, rest


@dataclass(frozen=True)
class PortOf:
    """A port of a Verilog module."""

    output: bool
    width: int


def module_ports(verilog: str, module: str) -> dict[str, PortOf]:
    """Return the ports of a module as Amaranth writes it."""
    found = re.search(rf"^module {module}\(.*?^endmodule", verilog, re.M | re.S)
    if found is None:
        raise Problem(f"there is no module {module}")
    ports = re.finditer(r"^\s*(input|output) (?:\[(\d+):0\] )?(\w+);", found[0], re.M)
    return {p[3]: PortOf(p[1] == "output", int(p[2] or 0) + 1) for p in ports}


def existing(path: str) -> Path:
    """Return the path of a file that must exist."""
    if not Path(path).is_file():
        raise Problem(f"there is no file {path}")
    return Path(path).resolve()
