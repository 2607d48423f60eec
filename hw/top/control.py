"""The control plane of a top: its registers, its counters, and what they do to the core."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.control.axi_lite import PREFIX, axi_lite_pins, connect_bus
from hw.control.bank import RegisterBank
from hw.control.map import COUNTERS, control_map, saturation_names
from hw.control.saturation import saturation_watches
from hw.network.graph import Network
from hw.top.counters import Counters

SATURATION_BITS = 32
COUNTER_BITS = 64


class Control(wiring.Component):
    """Registers and counters of a network's top; never frozen by the core's clock enable.

    Parameters
    ----------
    network
        The design; `hw.control.map.control_map` describes its registers.
    """

    accepting: Signal
    restart: Signal
    restarted: Signal
    input_beat: Signal
    output_beat: Signal
    stalled: Signal
    saturated: Signal
    dropped_windows: Signal

    def __init__(self, network: Network) -> None:
        self._map = control_map(network)
        self.watches = saturation_watches(network)
        self._saturations = [name for name, _ in saturation_names(network)]
        self.address_bits = self._map.address_bits
        self.pins = axi_lite_pins(self.address_bits, PREFIX)
        super().__init__(
            self.pins
            | {
                "accepting": Out(1),  # input beats may come in
                "restart": Out(1),  # held until `restarted`
                "restarted": In(1),
                "input_beat": In(1),
                "output_beat": In(1),
                "stalled": In(1),
                "saturated": In(len(self._saturations)),
                "dropped_windows": In(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBank(self._map)
        connect_bus(m, self, registers, self.address_bits, PREFIX)
        m.d.comb += [
            self.accepting.eq(registers.field("enable")),
            registers.field("dropped_windows").eq(self.dropped_windows),
        ]
        with m.If(self.restarted):
            m.d.sync += self.restart.eq(0)
        with m.If(registers.field("control_reset_state")):
            m.d.sync += self.restart.eq(1)
        self._count(m, registers)
        return m

    def _count(self, m: Module, registers: RegisterBank) -> None:
        widths = [COUNTER_BITS] * len(COUNTERS) + [SATURATION_BITS] * len(self._saturations)
        m.submodules.counters = counters = Counters(widths)
        events = (Const(1), self.input_beat, self.output_beat, self.stalled)
        m.d.comb += [
            counters.events.eq(Cat(*events, self.saturated)),
            counters.latch.eq(registers.field("control_latch")),
            counters.clear.eq(registers.field("control_clear")),
        ]
        for name, count in zip(COUNTERS, counters.counts[: len(COUNTERS)], strict=True):
            halves = [registers.field(f"{name}_{half}") for half in ("low", "high")]
            m.d.comb += Cat(halves).eq(count)
        for name, count in zip(self._saturations, counters.counts[len(COUNTERS) :], strict=True):
            m.d.comb += registers.field(name).eq(count)
