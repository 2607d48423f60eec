"""Reads waveforms (VCD) of simulations: values over time, and how often bits toggle."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw.errors import ChronogateError

_UNKNOWN = str.maketrans("xXzZ", "0000")


@dataclass(frozen=True, eq=False)
class Signal:
    """What one signal did.

    Parameters
    ----------
    name
        Its scopes and its own name, with dots between.
    width
        Its bits.
    times, values
        When it changed, and to what, as unsigned numbers; the first entry is its first value.
    """

    name: str
    width: int
    times: tuple[int, ...]
    values: tuple[int, ...]

    def at(self, times: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return its values at times; before its first one it has that."""
        places = np.searchsorted(np.array(self.times), times, side="right") - 1
        return np.array(self.values, dtype=object)[np.maximum(places, 0)]


@dataclass(frozen=True)
class Toggles:
    """How often the bits of one signal changed.

    Parameters
    ----------
    scopes
        Names of the scopes around it, outermost first.
    name
        Its own name.
    width
        Its bits.
    count
        Changes of single bits.
    """

    scopes: tuple[str, ...]
    name: str
    width: int
    count: int


@dataclass(frozen=True)
class _Declared:
    scopes: tuple[str, ...]
    name: str
    width: int

    @property
    def path(self) -> str:
        return ".".join((*self.scopes, self.name))


def signal_names(wave: Path) -> tuple[str, ...]:
    """Return the names of all signals, as `read_signals` takes them."""
    return tuple(
        declared.path for declarations in _header(wave).values() for declared in declarations
    )


def read_signals(wave: Path, names: Collection[str]) -> dict[str, Signal]:
    """Return what some signals did.

    Raises
    ------
    ChronogateError
        When there is no such signal.
    """
    wanted: dict[str, list[_Declared]] = {}
    for code, declarations in _header(wave).items():
        found = [declared for declared in declarations if declared.path in names]
        if found:
            wanted[code] = found
    known = {declared.path for found in wanted.values() for declared in found}
    for name in names:
        if name not in known:
            raise ChronogateError(f"{wave} has no signal {name}: `sim.vcd.signal_names` lists them")
    times: dict[str, list[int]] = {code: [] for code in wanted}
    values: dict[str, list[int]] = {code: [] for code in wanted}
    for time, code, value in _changes(wave):
        if code in wanted:
            times[code].append(time)
            values[code].append(value)
    return {
        declared.path: Signal(
            declared.path, declared.width, tuple(times[code]), tuple(values[code])
        )
        for code, found in wanted.items()
        for declared in found
    }


def count_toggles(wave: Path) -> tuple[Toggles, ...]:
    """Count the changes of every signal's bits; of several names for one signal the first counts.

    A simulation of cycles has no glitches: a bit changes at most twice in a cycle, as clocks do.
    """
    header = _header(wave)
    counts = dict.fromkeys(header, 0)
    bits: dict[str, bool] = {}
    vectors: dict[str, int] = {}
    with wave.open(encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("$enddefinitions"):
                break
        # Of a netlist millions of lines, all of single bits: those are not made numbers of.
        for line in file:
            if line[0] in "01xXzZ":
                code, bit = line[1:].strip(), line[0] == "1"
                counts[code] += bits.get(code, bit) is not bit
                bits[code] = bit
            elif line[0] in "bB":
                code, value = _value(line)
                counts[code] += (value ^ vectors.get(code, value)).bit_count()
                vectors[code] = value
    return tuple(
        Toggles(first.scopes, first.name, first.width, counts[code])
        for code, (first, *_) in header.items()
    )


def _header(wave: Path) -> dict[str, list[_Declared]]:
    """Return the declarations of each identifier code, in the order of the file."""
    found: dict[str, list[_Declared]] = {}
    scopes: list[str] = []
    with wave.open(encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            match words[:1]:
                case ["$scope"]:
                    scopes.append(words[2])
                case ["$upscope"]:
                    scopes.pop()
                case ["$var"]:
                    inner = tuple(scope for scope in scopes if scope)
                    found.setdefault(words[3], []).append(_Declared(inner, words[4], int(words[2])))
                case ["$enddefinitions"]:
                    return found
    raise ChronogateError(f"{wave} is no whole waveform (VCD): record it again")


def _changes(wave: Path) -> Iterator[tuple[int, str, int]]:
    """Yield time, identifier code and value of every change; what is unknown counts as 0."""
    time = 0
    with wave.open(encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("$enddefinitions"):
                break
        for line in file:
            first = line[0]
            if first == "#":
                time = int(line[1:])
            elif first in "01xXzZbB":
                yield time, *_value(line)


def _value(line: str) -> tuple[str, int]:
    """Return identifier code and value of one change."""
    if line[0] in "bB":
        bits, code = line[1:].split()
        return code, int(bits.translate(_UNKNOWN), 2)
    return line[1:].strip(), int(line[0] == "1")
