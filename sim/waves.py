"""Cuts a waveform (VCD) down to the time of one window."""

from collections.abc import Callable
from pathlib import Path


def trim_wave(wave: Path, begin: int, end: int) -> None:
    """Leave only what happens from `begin` to `end`, in the file's own unit of time.

    What each signal was at `begin` is dumped there, so that nothing is unknown.
    """
    trimmed = wave.with_name(wave.name + ".trimmed")
    values: dict[str, str] = {}
    state, time = "header", 0
    with (
        wave.open(encoding="ascii", errors="replace") as source,
        trimmed.open("w", encoding="ascii") as target,
    ):
        for line in source:
            if state == "header":
                target.write(line)
                state = "before" if line.startswith("$enddefinitions") else state
                continue
            if line.startswith("#"):
                time = int(line[1:])
                if time > end:
                    break
                if state == "before" and time >= begin:
                    _dump(target.write, begin, values)
                    state = "within"
                if state == "within" and time > begin:
                    target.write(line)
            elif state == "within":
                target.write(line)
            elif not line.startswith("$"):
                values[_signal(line)] = line
        if state == "before":
            _dump(target.write, begin, values)
        target.write(f"#{end}\n")
    trimmed.replace(wave)


def _dump(write: Callable[[str], object], begin: int, values: dict[str, str]) -> None:
    write(f"#{begin}\n$dumpvars\n")
    for line in values.values():
        write(line)
    write("$end\n")


def _signal(line: str) -> str:
    """Return the signal that a change is of: ``1!`` or ``b0110 !``."""
    return line.rsplit(maxsplit=1)[-1] if line[0] in "bBrRsS" else line[1:].strip()
