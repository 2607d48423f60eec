"""An estimate of the power that a routed network takes, from how often its nets change.

Power = what the core takes while nothing switches + the clock's energy times its frequency + the
changes of nets for one forecast, times the energy of one, times the forecasts in a second: of the
bitstream as it is, which is asked for one forecast after the other over its serial line. Where no
source gives an energy (`accel.boards.power`), there is none here: the changes are counted all the
same.
"""

from dataclasses import dataclass, replace

from accel.bitstream.activity import Activity, BlockToggles
from accel.boards import Board, Device
from accel.boards.power import Span, Switching

POWER_FILE = "power.json"
"""Beside the bitstream."""


@dataclass(frozen=True)
class BlockPower:
    """What one block does for one forecast.

    Parameters
    ----------
    block
        Its name.
    toggles
        Changes of its nets.
    energy_nj
        What they take; None where no source says.
    """

    block: str
    toggles: float
    energy_nj: Span | None


@dataclass(frozen=True)
class PowerEstimate:
    """An estimate for the core of the FPGA, asked for one forecast after the other.

    Parameters
    ----------
    clock_mhz, forecasts_per_second
        What it holds for; the rate is that of the serial line.
    windows
        Forecasts over which changes were counted.
    toggles_per_forecast
        Changes of nets, of all blocks together.
    static_mw
        While nothing switches, from the data sheet.
    clock_mw
        Of the clock network.
    switching_mw
        Of the nets.
    total_mw
        All three together.
    energy_per_forecast_uj
        Of the total.
    blocks
        The busiest first.
    sources, leaves_out
        Where the figures are from, and what is not in them; for what is None, that no source
        was found.
    """

    clock_mhz: float
    forecasts_per_second: float
    windows: int
    toggles_per_forecast: float
    static_mw: float | None
    clock_mw: float | None
    switching_mw: Span | None
    total_mw: Span | None
    energy_per_forecast_uj: Span | None
    blocks: tuple[BlockPower, ...]
    sources: tuple[str, ...]
    leaves_out: str


def estimate_power(board: Board, counted: Activity) -> PowerEstimate:
    """Return the estimate for a network on a board.

    Parameters
    ----------
    board
        At the clock of the design.
    counted
        Changes of nets for one forecast.
    """
    device, rate = board.device, board.clock_mhz * 1e6 / counted.cycles
    toggles = sum(each.nets + each.products for each in counted.blocks)
    static = None if device.supply is None else device.supply.volts * device.supply.milliamperes
    found = PowerEstimate(
        clock_mhz=board.clock_mhz,
        forecasts_per_second=rate,
        windows=counted.forecasts,
        toggles_per_forecast=toggles,
        static_mw=static,
        clock_mw=None,
        switching_mw=None,
        total_mw=None,
        energy_per_forecast_uj=None,
        blocks=tuple(BlockPower(e.block, e.nets + e.products, None) for e in counted.blocks),
        sources=_sources(device),
        leaves_out="",
    )
    if device.supply is None or device.switching is None or static is None:
        return found
    switching = device.switching.at(device.supply.volts)
    blocks = tuple(
        BlockPower(each.block, each.nets + each.products, _energy_nj(each, switching))
        for each in counted.blocks
    )
    clock = switching.clock_pj * board.clock_mhz * 1e-3
    nets = sum((_energy_nj(each, switching) for each in counted.blocks), Span(0.0, 0.0))
    moved = nets.times(rate * 1e-6)
    total = moved + Span(static + clock, static + clock)
    return replace(
        found,
        clock_mw=clock,
        switching_mw=moved,
        total_mw=total,
        energy_per_forecast_uj=total.times(1e3 / rate),
        blocks=blocks,
        leaves_out=switching.leaves_out,
    )


def _energy_nj(counted: BlockToggles, switching: Switching) -> Span:
    nets = switching.net_pj.times(counted.nets)
    return (nets + switching.product_pj.times(counted.products)).times(1e-3)


def _sources(device: Device) -> tuple[str, ...]:
    static = f"no source was found for the static current of the {device.name}"
    switched = f"no source was found for the energy of switching in the {device.name}"
    if device.supply is not None:
        static = f"static: {device.supply.milliamperes:g} mA at {device.supply.volts:g} V, "
        static += device.supply.source
    if device.switching is not None:
        switched = f"switching: {device.switching.source}"
    return static, switched
