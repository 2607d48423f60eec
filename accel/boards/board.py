"""A board: FPGA, oscillator, pins."""

from dataclasses import dataclass, replace

from accel.boards.device import Device
from accel.boards.family import Family
from hw.board.pll import Pll, pll_for
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.errors import ChronogateError
from hw.network.graph import Network


@dataclass(frozen=True)
class Pin:
    """Where a port of `hw.board.top.BoardTop` leaves the FPGA.

    Parameters
    ----------
    port
        Port of the top.
    site
        Ball or pin of the package.
    attributes
        Names and values that the family's constraints file gives the pin's buffer.
    """

    port: str
    site: str
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Board:
    """A board: FPGA, oscillator and pins.

    Parameters
    ----------
    name
        What ``--board`` takes.
    description
        One line for the list of boards.
    family
        Its tools and primitives.
    device
        Its FPGA.
    package, speed
        The FPGA's case and speed grade, for nextpnr; empty where `Device.nextpnr` says them.
    oscillator_mhz
        The clock that drives its ``clk`` pin.
    clock_mhz
        The clock of the design; a PLL makes it when it is not the oscillator's.
    baud
        Speed of the UART; the clock should divide by it.
    pins
        One for each port of the top.
    program
        The command that loads a bitstream, ``{file}`` standing for it.
    leds_active_low
        Whether the LEDs shine when their pins are low.
    clock_at_pll
        Whether the oscillator's pin is the PLL's own, which matters to the iCE40.
    configuration
        Lines on how the FPGA is configured, as its constraints file has them.
    registers
        Whether designs have registers on the serial line, whatever the network.
    """

    name: str
    description: str
    family: Family
    device: Device
    package: str
    speed: str
    oscillator_mhz: float
    clock_mhz: float
    baud: int
    pins: tuple[Pin, ...]
    program: str
    leds_active_low: bool = False
    clock_at_pll: bool = False
    configuration: str = ""
    registers: bool = False

    @property
    def pll(self) -> Pll | None:
        """What makes the clock, or ``None``, when that is the oscillator's.

        Raises
        ------
        ChronogateError
            When it cannot be made.
        """
        return pll_for(
            self.clock_mhz,
            self.oscillator_mhz,
            lambda: self.family.plls(self),
            f"the PLL of {self.name}",
        )

    def top(self, network: Network) -> BoardTop:
        """Return the top of this board around `network`."""
        uart = self._uart(self.clock_mhz)
        return BoardTop(network, uart, self.pll, self.leds_active_low, registers=self.registers)

    def clocks(self) -> tuple[float, ...]:
        """Return the clocks that a design may have, in megahertz, slowest first."""
        made = {pll.output_mhz for pll in self.family.plls(self)} | {self.oscillator_mhz}
        return tuple(sorted(clock for clock in made if self._has_baud(clock)))

    def at_clock(self, clock_mhz: float) -> "Board":
        """Return the board with its design at another clock.

        Raises
        ------
        ChronogateError
            When the PLL cannot make it, or the baud rate cannot be made of it.
        """
        board = replace(self, clock_mhz=clock_mhz)
        pll = board.pll
        self._uart(clock_mhz)
        return board if pll is None else replace(board, clock_mhz=pll.output_mhz)

    def _uart(self, clock_mhz: float) -> Uart:
        return Uart.for_baud(clock_mhz * 1e6, self.baud)

    def _has_baud(self, clock_mhz: float) -> bool:
        try:
            self._uart(clock_mhz)
        except ChronogateError:
            return False
        return True
