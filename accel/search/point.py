"""Point: a forecaster's error and what it costs, in closed form; its LUTs are counted if asked."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from accel.configuration.config import Config
from accel.projects import design_clock_mhz
from accel.report.model import describe_model, weights_of
from hw.network.graph import Network

if TYPE_CHECKING:
    from accel.qkeras_compat import keras


@dataclass(frozen=True)
class Costs:
    """What the hardware of a forecaster costs, in closed form.

    Parameters
    ----------
    latency_cycles, interval_cycles
        As in reports: predicted, and equal to what Verilator counts.
    latency_ns
        `latency_cycles` at the clock of the configuration's board.
    multipliers
        Those that are no shifters: DSP blocks, if the factors have 18 bits or fewer.
    weight_bits
        Bits of weights and biases.
    bit_products
        Products of one forecast, each times the bits of both its factors: a proxy of the energy
        that multiplying and fetching takes.
    """

    latency_cycles: int
    interval_cycles: int
    latency_ns: float
    multipliers: int
    weight_bits: int
    bit_products: int


@dataclass(frozen=True)
class Point:
    """A forecaster in numbers.

    Parameters
    ----------
    error
        On validation, in scaled units.
    costs
        In closed form.
    luts
        As Yosys counts them for the board, the serial port included; None where nobody asked.
    """

    error: float
    costs: Costs
    luts: int | None = None

    def measure(self, name: str) -> float:
        """Return a measure by its name."""
        return float(getattr(self if name in ("error", "luts") else self.costs, name))


def costs_of(model: "keras.Model", config: Config) -> Costs:
    """Convert a model, and return what its hardware costs."""
    return network_costs(hardware_of(model, config), design_clock_mhz(config.board))


def priced(model: "keras.Model", config: Config, error: float, synthesized: bool) -> Point:
    """Convert a model with an error on validation, and return it in numbers.

    Parameters
    ----------
    synthesized
        Whether Yosys counts its LUTs, which takes seconds to a minute.

    Raises
    ------
    ChronogateError
        When they are to be counted, and no open tool knows the configuration's board.
    """
    from accel.bitstream import count_cells
    from accel.boards import find_board

    network = hardware_of(model, config)
    costs = network_costs(network, design_clock_mhz(config.board))
    counted = count_cells(network, find_board(config.board)).lut if synthesized else None
    return Point(error, costs, counted)


def hardware_of(model: "keras.Model", config: Config) -> Network:
    """Convert a model, folded as its configuration says, and keep no files of it."""
    from accel.conversion.entry import convert, network_of
    from accel.forecasters.build import hls_settings

    with TemporaryDirectory() as folder:
        settings = hls_settings(config.model, model.layers)
        return network_of(convert(model, Path(folder), config.name, hls_config=settings))


def network_costs(network: Network, clock_mhz: float) -> Costs:
    """Return what a network costs."""
    timing = network.timing
    described = describe_model(network)
    products = {layer.name: layer.products_per_window for layer in described.layers}
    bits = 0
    for node in network.nodes:
        kernels = [weight for weight in weights_of(node) if weight.codes.ndim > 1]
        width = max((weight.format.width for weight in kernels), default=0)
        bits += products[node.name] * width * node.spec.inputs[0].format.width
    return Costs(
        latency_cycles=timing.latency_cycles,
        interval_cycles=timing.interval_cycles,
        latency_ns=timing.latency_cycles * 1e3 / clock_mhz,
        multipliers=sum(layer.true_multipliers for layer in timing.layers),
        weight_bits=described.weight_bits,
        bit_products=bits,
    )
