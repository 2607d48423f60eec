"""The control plane of a top: its registers, its counters, and what they do to the core."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.control.axi_lite import PREFIX, axi_lite_pins, connect_bus
from hw.control.bank import RegisterBank
from hw.control.map import COUNTERS, control_map, moved_names, saturation_names
from hw.control.memory_access import MemoryAccess
from hw.control.registers import WORD_BITS
from hw.control.saturation import saturation_watches
from hw.memory_port import Memory
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
    memories
        What the host may reach; port ``memory<k>`` leads to number k.

    Where weights are reloadable there are `commit` and what answers it, for
    `hw.product.reloadable.ModelSelect`.
    """

    accepting: Signal
    restart: Signal
    restarted: Signal
    input_beat: Signal
    output_beat: Signal
    stalled: Signal
    saturated: Signal
    moved: Signal
    dropped_windows: Signal
    commit: Signal
    commit_pending: Signal
    target: Signal

    def __init__(self, network: Network, memories: tuple[Memory, ...] = ()) -> None:
        self._map = control_map(network, memories)
        self._reloadable = bool(network.reloadable)
        self.watches = saturation_watches(network)
        self._saturations = [name for name, _ in saturation_names(network)]
        self._moved = [name for name, _ in moved_names(network)]
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
                "moved": In(max(len(self._moved), 1)),
                "dropped_windows": In(32),
            }
            | {f"memory{k}": Out(memory.signature) for k, memory in enumerate(memories)}
            | (_model_ports() if self._reloadable else {})
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
        if self._map.memories:
            self._reach(m, registers)
        return m

    def _count(self, m: Module, registers: RegisterBank) -> None:
        wide = [*COUNTERS, *self._moved]
        widths = [COUNTER_BITS] * len(wide) + [SATURATION_BITS] * len(self._saturations)
        m.submodules.counters = counters = Counters(widths)
        events = (Const(1), self.input_beat, self.output_beat, self.stalled)
        m.d.comb += [
            counters.events.eq(Cat(*events, self.moved[: len(self._moved)], self.saturated)),
            counters.latch.eq(registers.field("control_latch")),
            counters.clear.eq(registers.field("control_clear")),
        ]
        for name, count in zip(wide, counters.counts[: len(wide)], strict=True):
            halves = [registers.field(f"{name}_{half}") for half in ("low", "high")]
            m.d.comb += Cat(halves).eq(count)
        for name, count in zip(self._saturations, counters.counts[len(wide) :], strict=True):
            m.d.comb += registers.field(name).eq(count)

    def _reach(self, m: Module, registers: RegisterBank) -> None:
        """Lead the registers ``memory_*`` to the memories."""
        m.submodules.access = access = MemoryAccess(self._map.memories)
        m.d.comb += [
            access.select.eq(registers.field("memory_select")),
            access.address.eq(registers.field("memory_command_address")),
            access.read.eq(registers.field("memory_command_read")),
            access.write.eq(registers.field("memory_command_write")),
            registers.field("memory_status_busy").eq(access.busy),
            registers.field("memory_status_refused").eq(access.refused),
        ]
        if self._reloadable:
            commit = registers.field("control_commit")
            m.d.comb += [
                registers.field("memory_status_refused").eq(
                    access.refused | (commit & self.commit_pending)
                ),
                registers.field("memory_status_commit_pending").eq(self.commit_pending),
                registers.field("memory_status_target").eq(self.target),
                self.commit.eq(commit),
            ]
        halves = ("low", "high") if len(access.data) > WORD_BITS else ("low",)
        m.d.comb += [
            access.data.eq(Cat(registers.field(f"memory_data_{half}") for half in halves)),
            Cat(registers.field(f"memory_result_{half}") for half in halves).eq(access.result),
        ]
        for number in range(len(self._map.memories)):
            name = f"memory{number}"
            wiring.connect(m, getattr(access, name), wiring.flipped(getattr(self, name)))


def _model_ports() -> dict[str, wiring.Member]:
    return {
        "commit": Out(1),
        "commit_pending": In(1),  # a commit would be refused
        "target": In(1),  # the model committed last
    }
