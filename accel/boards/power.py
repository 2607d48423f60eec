"""What is known of the power that an FPGA takes, with the source of every figure."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Span:
    """What a figure lies between."""

    low: float
    high: float

    def __add__(self, other: "Span") -> "Span":
        """Return what the sum lies between."""
        return Span(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> "Span":
        """Return what so many of it lie between."""
        return Span(self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Supply:
    """What the core takes while nothing switches.

    Parameters
    ----------
    volts
        Of its supply, nominal.
    milliamperes
        Typical, at 25 °C.
    source
        The document, and the place in it.
    """

    volts: float
    milliamperes: float
    source: str


@dataclass(frozen=True)
class Switching:
    """What switching takes in the core, in picojoules.

    Parameters
    ----------
    volts
        Supply at which it was measured; energies go with its square.
    clock_pj
        Of the global clock network, for one cycle.
    net_pj
        Of one change of one net that a LUT, a carry, a flip-flop or a memory drives, with what the
        change causes in the cell.
    product_pj
        The same of a net that a multiplier drives.
    source
        Who measured what.
    leaves_out
        What takes power as well and was not measured.
    """

    volts: float
    clock_pj: float
    net_pj: Span
    product_pj: Span
    source: str
    leaves_out: str

    def at(self, volts: float) -> "Switching":
        """Return the same at another supply: energies go with the square of its voltage."""
        scale = (volts / self.volts) ** 2
        return replace(
            self,
            volts=volts,
            clock_pj=self.clock_pj * scale,
            net_pj=self.net_pj.times(scale),
            product_pj=self.product_pj.times(scale),
        )
