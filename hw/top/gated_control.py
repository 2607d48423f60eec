"""The control plane of two networks behind a gate: registers, counters, the threshold."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.control.axi_lite import PREFIX, axi_lite_pins, connect_bus
from hw.control.bank import RegisterBank
from hw.control.gated_map import GATED_COUNTERS, gated_map, gated_saturation_names
from hw.control.map import COUNTERS
from hw.network.gated import GatedNetwork
from hw.top.control import COUNTER_BITS, SATURATION_BITS
from hw.top.counters import Counters


class GatedControl(wiring.Component):
    """Registers and counters of a gated top.

    Parameters
    ----------
    gated
        The design; `hw.control.gated_map.gated_map` describes its registers.
    """

    accepting: Signal
    restart: Signal
    restarted: Signal
    input_beat: Signal
    output_beat: Signal
    stalled: Signal
    decided: Signal
    rough: Signal
    awake: Signal
    saturated: Signal
    dropped_windows: Signal
    threshold: Signal

    def __init__(self, gated: GatedNetwork) -> None:
        self._gated = gated
        self._map = gated_map(gated)
        self._saturations = [name for name, _ in gated_saturation_names(gated)]
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
                "decided": In(1),
                "rough": In(1),
                "awake": In(1),
                "saturated": In(len(self._saturations)),
                "dropped_windows": In(32),
                "threshold": Out(gated.threshold_bits, init=gated.threshold),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.registers = registers = RegisterBank(self._map)
        connect_bus(m, self, registers, self.address_bits, PREFIX)
        m.d.comb += [
            self.accepting.eq(registers.field("enable")),
            self.threshold.eq(registers.field("threshold")),
            registers.field("dropped_windows").eq(self.dropped_windows),
        ]
        with m.If(self.restarted):
            m.d.sync += self.restart.eq(0)
        with m.If(registers.field("control_reset_state")):
            m.d.sync += self.restart.eq(1)
        self._count(m, registers)
        return m

    def _count(self, m: Module, registers: RegisterBank) -> None:
        names = [*COUNTERS, *GATED_COUNTERS]
        widths = [COUNTER_BITS] * len(names) + [SATURATION_BITS] * len(self._saturations)
        skipped = {names.index("products_skipped"): self._gated.products[1]}
        m.submodules.counters = counters = Counters(widths, skipped)
        every = (Const(1), self.input_beat, self.output_beat, self.stalled)
        smooth, wakes = self.decided & ~self.rough, self.decided & self.rough
        m.d.comb += [
            counters.events.eq(
                Cat(*every, self.decided, wakes, self.awake, smooth, self.saturated)
            ),
            counters.latch.eq(registers.field("control_latch")),
            counters.clear.eq(registers.field("control_clear")),
        ]
        for name, count in zip(names, counters.counts[: len(names)], strict=True):
            halves = [registers.field(f"{name}_{half}") for half in ("low", "high")]
            m.d.comb += Cat(halves).eq(count)
        for name, count in zip(self._saturations, counters.counts[len(names) :], strict=True):
            m.d.comb += registers.field(name).eq(count)
