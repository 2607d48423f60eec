"""The boards that a bitstream can be made for: one frozen entry each.

A new board with an ECP5 is one more entry in `_BOARDS`.
"""

from dataclasses import dataclass, replace

from hw.board.pll import Pll
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.errors import ChronogateError
from hw.network.graph import Network


@dataclass(frozen=True)
class Device:
    """An FPGA, with what nextpnr can place in it.

    Parameters
    ----------
    name
        The maker's name.
    nextpnr
        nextpnr-ecp5's name for it.
    lut, ff, dsp, bram
        How many LUT4s, flip-flops, 18 x 18 multipliers and 18-kbit block RAMs it has.
    """

    name: str
    nextpnr: str
    lut: int
    ff: int
    dsp: int
    bram: int


@dataclass(frozen=True)
class Pin:
    """Where a port of `hw.board.top.BoardTop` leaves the FPGA.

    Parameters
    ----------
    port
        Port of the top.
    site
        Ball of the package.
    attributes
        Attributes of the pin's buffer, as LPF files write them.
    """

    port: str
    site: str
    attributes: str


@dataclass(frozen=True)
class Board:
    """A board: FPGA, oscillator and pins.

    Parameters
    ----------
    name
        What ``--board`` takes.
    description
        One line for the list of boards.
    device
        Its FPGA.
    package, speed_grade
        The FPGA's case and speed, for nextpnr.
    oscillator_mhz
        The clock that drives its ``clk`` pin.
    clock_mhz
        The clock of the design; a PLL makes it when it is not the oscillator's.
    baud
        Speed of the UART; the clock should divide by it.
    pins
        One for each port of the top.
    configuration
        LPF line on how the FPGA is configured.
    """

    name: str
    description: str
    device: Device
    package: str
    speed_grade: int
    oscillator_mhz: float
    clock_mhz: float
    baud: int
    pins: tuple[Pin, ...]
    configuration: str

    @property
    def lpf(self) -> str:
        """The constraints file for nextpnr: pins, buffers and the clock."""
        lines = [self.configuration]
        for pin in self.pins:
            lines.append(f'LOCATE COMP "{pin.port}" SITE "{pin.site}";')
            lines.append(f'IOBUF PORT "{pin.port}" {pin.attributes};')
        lines.append(f'FREQUENCY PORT "clk" {self.oscillator_mhz:g} MHZ;')
        return "\n".join(lines) + "\n"

    def top(self, network: Network) -> BoardTop:
        """Return the top of this board around `network`."""
        same = self.clock_mhz == self.oscillator_mhz
        pll = None if same else Pll.for_clock(self.oscillator_mhz, self.clock_mhz)
        return BoardTop(network, Uart.for_baud(self.clock_mhz * 1e6, self.baud), pll)

    def at_clock(self, clock_mhz: float) -> "Board":
        """Return the board with its design at another clock.

        Raises
        ------
        ChronogateError
            When the PLL cannot make it, or the baud rate cannot be made of it.
        """
        board = replace(self, clock_mhz=clock_mhz)
        Pll.for_clock(self.oscillator_mhz, clock_mhz)
        Uart.for_baud(clock_mhz * 1e6, self.baud)
        return board


def boards() -> tuple[Board, ...]:
    """Return all boards, smallest first."""
    return _BOARDS


def find_board(name: str) -> Board:
    """Return the board called `name`.

    Raises
    ------
    ChronogateError
        When there is none.
    """
    for board in _BOARDS:
        if board.name == name:
            return board
    known = ", ".join(board.name for board in _BOARDS)
    raise ChronogateError(f"there is no board {name!r}: choose one of {known}")


# What nextpnr-ecp5 reports as available. The 12F is a 25F by another name, and nextpnr uses all
# of it.
_LFE5U_12F = Device("LFE5U-12F", "12k", lut=24_288, ff=24_288, dsp=28, bram=56)
_LFE5U_25F = Device("LFE5U-25F", "25k", lut=24_288, ff=24_288, dsp=28, bram=56)
_LFE5U_45F = Device("LFE5U-45F", "45k", lut=43_848, ff=43_848, dsp=72, bram=108)
_LFE5U_85F = Device("LFE5U-85F", "85k", lut=83_640, ff=83_640, dsp=156, bram=208)

# Pins: emard/ulx3s, doc/constraints/ulx3s_v20.lpf. The names ftdi_rxd and ftdi_txd are the USB
# chip's: ftdi_rxd (L4) is driven by the FPGA, ftdi_txd (M1) by the USB chip.
_ULX3S_PINS = (
    Pin("clk", "G2", "PULLMODE=NONE IO_TYPE=LVCMOS33"),
    Pin("uart_tx", "L4", "PULLMODE=UP IO_TYPE=LVCMOS33 DRIVE=4"),
    Pin("uart_rx", "M1", "PULLMODE=UP IO_TYPE=LVCMOS33"),
    Pin("led_alive", "B2", "PULLMODE=NONE IO_TYPE=LVCMOS33 DRIVE=4"),
    Pin("led_dropped", "C2", "PULLMODE=NONE IO_TYPE=LVCMOS33 DRIVE=4"),
)
_ULX3S_CONFIGURATION = (
    "SYSCONFIG CONFIG_IOVOLTAGE=3.3 COMPRESS_CONFIG=ON MCCLK_FREQ=62 "
    "SLAVE_SPI_PORT=DISABLE MASTER_SPI_PORT=ENABLE SLAVE_PARALLEL_PORT=DISABLE;"
)


def _ulx3s(name: str, device: Device) -> Board:
    return Board(
        name=name,
        description=f"Radiona ULX3S, {device.name}, USB serial on the FTDI chip",
        device=device,
        package="CABGA381",
        speed_grade=6,
        oscillator_mhz=25.0,
        clock_mhz=25.0,
        # 25 cycles a bit, without any rounding; the FT231X goes up to 3 Mbaud.
        baud=1_000_000,
        pins=_ULX3S_PINS,
        configuration=_ULX3S_CONFIGURATION,
    )


_BOARDS = (
    _ulx3s("ulx3s-12f", _LFE5U_12F),
    _ulx3s("ulx3s-25f", _LFE5U_25F),
    _ulx3s("ulx3s-45f", _LFE5U_45F),
    _ulx3s("ulx3s-85f", _LFE5U_85F),
)
