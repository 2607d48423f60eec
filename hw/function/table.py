"""Float sigmoid and tanh as hls4ml computes them: a table, and an index that is truncated.

``nnet_utils/nnet_activation.h`` of hls4ml 1.3, functions ``sigmoid`` and ``tanh`` (the same in
``nnet_activation_stream.h``): for a table of N entries over -r ... r, ::

    index = clip(truncate(x * N / (2 * r)) + N / 2, 0, N - 1)
    result = (res_T)(table_T)f(2 * r * (index - N / 2) / N)

C++ truncates towards zero, so the interval around zero is twice as wide as the others. Its `f` is
computed in float by the C library, whose last bit differs between libraries: `make_table` asks
the one of this machine, as a C simulation built here would, and the table travels with the spec.
"""

from ctypes import CDLL, c_float
from ctypes.util import find_library
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, signed

from hw.errors import ChronogateError
from hw.function.rom import in_raw_order, lookup
from hw.number.fixed_point import FixedPoint


class Curve(StrEnum):
    """What stands in the table."""

    SIGMOID = "sigmoid"  # over -8 ... 8
    TANH = "tanh"  # over -4 ... 4


DEFAULT_ENTRY = FixedPoint(18, 8)
"""hls4ml's own ``table_t``."""


def make_table(
    curve: Curve, output: FixedPoint, size: int = 1024, entry: FixedPoint = DEFAULT_ENTRY
) -> "Table":
    """Return hls4ml's float activation.

    Parameters
    ----------
    curve
        The function.
    output
        hls4ml's ``res_T``.
    size
        Entries, hls4ml's ``table_size``.
    entry
        Their format, hls4ml's ``table_t``.
    """
    reach = 8.0 if curve is Curve.SIGMOID else 4.0
    inputs = (2 * reach * (np.arange(size) - size / 2) / size).tolist()
    library = CDLL(find_library("m"))
    function = library.expf if curve is Curve.SIGMOID else library.tanhf
    function.restype, function.argtypes = c_float, [c_float]
    if curve is Curve.SIGMOID:
        # The exponential and the sum are float, the quotient is double, then float.
        total = np.float32(1) + np.array([function(-x) for x in inputs], dtype=np.float32)
        values = (1.0 / total.astype(np.float64)).astype(np.float32)
    else:
        values = np.array([function(x) for x in inputs], dtype=np.float32)
    return Table(curve, entry.quantize(values), entry, output)


@dataclass(frozen=True, eq=False)
class Table:
    """A float activation of hls4ml.

    Parameters
    ----------
    curve
        The function, which says over what range the table goes.
    entries
        The table, int64 codes ``(size,)``.
    entry
        Their format.
    output
        Format of the result.

    Raises
    ------
    ChronogateError
        When the size is no power of two from 16 on.
    """

    curve: Curve
    entries: np.ndarray
    entry: FixedPoint
    output: FixedPoint

    def __post_init__(self) -> None:
        if self.size < 16 or self.size & (self.size - 1):
            raise ChronogateError(
                f"a {self.curve} table of {self.size} entries is not supported: write a "
                "table_size that is a power of two, 16 or more"
            )

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.entries)

    @cached_property
    def results(self) -> np.ndarray:
        """The table in the output's format, int64 ``(size,)``."""
        return self.output.resize(self.entries, self.entry)

    def result_format(self, source: FixedPoint) -> FixedPoint:
        """Return the format of this function of a number of format `source`."""
        return self.output

    def apply(self, codes: np.ndarray, source: FixedPoint) -> np.ndarray:
        """Return the int64 codes of the function of `codes` (any shape, format `source`).

        Raises
        ------
        ChronogateError
            When an input is so large that the C++ index, an ``int``, would wrap.
        """
        places = self.places(source)
        if places < 0:
            rounded = codes << -places
        else:
            rounded = np.where(codes < 0, -(-codes >> places), codes >> places)
        index = np.clip(rounded + self.size // 2, 0, self.size - 1)
        return self.results[index]

    def delay_cycles(self, source: FixedPoint) -> int:
        """Return one for inputs of no more codes than entries, else two: the index, the table."""
        return 1 if self._is_direct(source) else 2

    def hardware(self, m: Module, value: Value, source: FixedPoint, name: str) -> Signal:
        """Add the hardware for one value and return the register of the result's code."""
        if self._is_direct(source):
            codes = np.array(in_raw_order(source.width, source.signed))
            return lookup(m, value, self.apply(codes, source).tolist(), self.output.shape, name)
        places = self.places(source)
        rounded = Signal(signed(source.width + max(-places, 0) + 2), name=f"{name}_rounded")
        if places <= 0:
            m.d.comb += rounded.eq(value << -places)
        else:
            # Towards zero: the bits that are cut off carry into a negative number.
            carried = Signal(signed(source.width + 2), name=f"{name}_carried")
            m.d.comb += carried.eq(value + Mux(value < 0, (1 << places) - 1, 0))
            m.d.comb += rounded.eq(carried >> places)
        half = self.size // 2
        index = Signal(range(self.size), name=f"{name}_index")
        m.d.sync += index.eq(
            Mux(rounded < -half, 0, Mux(rounded >= half, self.size - 1, rounded + half))
        )
        return lookup(m, index, self.results.tolist(), self.output.shape, name)

    def _is_direct(self, source: FixedPoint) -> bool:
        self.places(source)
        return 1 << source.width <= self.size

    def places(self, source: FixedPoint) -> int:
        """Return the bits of an input code below the index's unit; negative where it lacks some."""
        per_unit = self.size // (16 if self.curve is Curve.SIGMOID else 8)
        places = source.fraction - (per_unit.bit_length() - 1)
        if source.width - places > 31:
            raise ChronogateError(
                f"{self.curve} of {source}: hls4ml's table index would overflow its int: "
                "quantize the input to fewer integer bits"
            )
        return places
