"""What all phase-locked loops have in common: two clocks, and ports."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.errors import ChronogateError


class Pll(Protocol):
    """The dividers of a PLL, set for one output clock."""

    @property
    def input_mhz(self) -> float:
        """Clock at its input."""
        ...

    @property
    def output_mhz(self) -> float:
        """Clock at its output."""
        ...

    def instance(self, clk_in: Signal, clk_out: Signal, locked: Signal) -> Instance | Module:
        """Return the family's primitive, or primitives, with their ports connected."""
        ...


AnyPll = TypeVar("AnyPll", bound=Pll)


def by_clock(settings: Iterable[AnyPll]) -> tuple[AnyPll, ...]:
    """Keep the first setting for each output clock, slowest first."""
    first: dict[float, AnyPll] = {}
    for pll in settings:
        first.setdefault(round(pll.output_mhz, 6), pll)
    return tuple(first[clock] for clock in sorted(first))


def pll_for(
    clock_mhz: float, input_mhz: float, settings: Callable[[], Sequence[AnyPll]], owner: str
) -> AnyPll | None:
    """Return the PLL that makes a clock, or ``None``, when that is the one that comes in.

    Parameters
    ----------
    clock_mhz, input_mhz
        The clock wanted, and the oscillator's.
    settings
        Returns one PLL for each clock that can be made of the oscillator's; called when needed.
    owner
        Whose PLL it is, for the sentence.

    Raises
    ------
    ChronogateError
        When it cannot be made; the nearest clock that can is said.
    """
    if clock_mhz == input_mhz:
        return None
    near = min(settings(), key=lambda pll: abs(pll.output_mhz - clock_mhz))
    # Users write clocks with a few decimals.
    if abs(near.output_mhz - clock_mhz) > 1e-3:
        raise ChronogateError(
            f"{owner} cannot make {clock_mhz:g} MHz of {input_mhz:g} MHz: choose "
            f"{near.output_mhz:.6g} MHz, which is nearest"
        )
    return near


class PllComponent(wiring.Component):
    """A PLL in hardware.

    Attributes
    ----------
    clk_in : In(1)
        Clock of `Pll.input_mhz`.
    clk_out : Out(1)
        Clock of `Pll.output_mhz`.
    locked : Out(1)
        High while the output can be relied on; of no clock.
    """

    clk_in: Signal
    clk_out: Signal
    locked: Signal

    def __init__(self, spec: Pll) -> None:
        super().__init__({"clk_in": In(1), "clk_out": Out(1), "locked": Out(1)})
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.pll = self._spec.instance(self.clk_in, self.clk_out, self.locked)
        return m
