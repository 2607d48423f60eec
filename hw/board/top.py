"""The top of a board: clock, power-on reset, two UART pins, two LEDs, and the accelerator.

Nothing else is needed to run a network on a board: an oscillator drives ``clk``, a USB-serial chip
the two UART pins. `BoardTop` also knows the bytes that a host sends and receives.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Const,
    DomainRenamer,
    Module,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from hw.board.beat_bytes import beat_bytes, from_bytes, to_bytes
from hw.board.link import IDENTITY_BYTES, Frame, Kind
from hw.board.link_bridge import LinkBridgeComponent
from hw.board.link_spec import LinkBridge, LinkRegisters
from hw.board.pll import Pll, PllComponent
from hw.board.uart import Uart
from hw.control.axi_lite import PREFIX, connect_bus
from hw.control.map import control_map, host_memories
from hw.control.registers import RegisterMap
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.network.serialization import fingerprint
from hw.top.axi import Accelerator
from hw.top.write_verilog import to_verilog

RESET_CYCLES = 2047
"""Enough for every board: 15 us at 136 MHz.

The block RAMs of the iCE40 read as zero for about 3 us after it (IceStorm issue 76).
"""

_HEARTBEAT_BITS = 24
"""The alive LED's period is two to this many cycles: 0.7 s at 25 MHz."""

TOP_NAME = "board_top"
"""Name of the Verilog module."""

TOP_PORTS = ("clk", "uart_rx", "uart_tx", "led_alive", "led_dropped")
"""Its ports."""


@dataclass(frozen=True)
class BoardTop:
    """A network with the UART bridge, ready for pins.

    Parameters
    ----------
    network
        What is computed.
    uart
        Speed of the line, in cycles of the clock.
    pll
        Makes the clock out of the oscillator's, or ``None``, when that is the clock.
    leds_active_low
        Whether the LEDs shine when their pins are low.
    reset_cycles
        Cycles for which the power-on reset holds.
    registers
        Whether there are registers (`hw.control.map.control_map`) behind the link. A network whose
        weights or states a host can reach has them in any case.

    Raises
    ------
    ChronogateError
        When the network has several inputs or outputs.
    """

    network: Network
    uart: Uart
    pll: Pll | None = None
    leds_active_low: bool = False
    reset_cycles: int = RESET_CYCLES
    registers: bool = False

    def __post_init__(self) -> None:
        inputs, outputs = len(self.network.inputs), len(self.network.outputs)
        if inputs > 1 or outputs > 1:
            raise ChronogateError(
                f"{self.network.name} has {inputs} inputs and {outputs} outputs, but the UART "
                "carries one of each: put all values into one input and one output (Select, "
                "Concatenate), or connect the AXI4-Stream top itself"
            )

    @cached_property
    def bridge(self) -> LinkBridge:
        """The bridge, its beats as wide as the network's."""
        network = self.network
        return LinkBridge(
            self.uart,
            beats=network.look_back if network.mode is Mode.WINDOW else 1,
            request_bytes=beat_bytes(network.input),
            response_bytes=beat_bytes(network.output),
            closes=network.mode is Mode.WINDOW,
            silent=network.look_back - 1 if network.mode is Mode.SLIDING else 0,
            identity=self.identity,
            registers=self._link_registers,
        )

    @cached_property
    def map(self) -> RegisterMap | None:
        """The registers, or ``None`` where there are none."""
        memories = host_memories(self.network)
        return control_map(self.network, memories) if self.registers or memories else None

    @property
    def _link_registers(self) -> LinkRegisters | None:
        if self.map is None:
            return None
        reloadable = bool(self.network.reloadable)
        return LinkRegisters(self.map.address_bits, self.map.offset("control"), reloadable)

    @cached_property
    def identity(self) -> bytes:
        """What the board tells of its network."""
        return bytes.fromhex(fingerprint(self.network))[:IDENTITY_BYTES]

    def build(self) -> "BoardTopComponent":
        return BoardTopComponent(self)

    def verilog(self, name: str = TOP_NAME) -> str:
        """Return the Verilog of the top as module `name`."""
        return to_verilog(self.build(), name)

    def request(self, codes: np.ndarray, number: int = 0, last: bool = False) -> Frame:
        """Return the frame that a host sends for one sample.

        Parameters
        ----------
        codes
            Integer codes of a window, ``(T, F)``, or ``(F,)`` where a window is one beat; in the
            modes that cut windows on the board those of one sample, ``(F,)`` or ``(1, F)``.
        number
            Sequence number.
        last
            Whether a series ends with this sample.
        """
        port = self.network.input
        beats = self.bridge.beats
        shaped = np.asarray(codes)
        if shaped.size != beats * port.channels:
            raise ChronogateError(
                f"a sample of {self.network.name} has {beats} x {port.channels} values, but "
                f"{' x '.join(map(str, shaped.shape))} were given: give a whole window, or one "
                "sample where the board keeps the look-back"
            )
        low, high = int(shaped.min()), int(shaped.max())
        if low < port.format.minimum or high > port.format.maximum:
            raise ChronogateError(
                f"a sample of {self.network.name} holds the codes {low} to {high}, but its input "
                f"takes {port.format.minimum} to {port.format.maximum}: scale and clip it as in "
                "training"
            )
        kind = Kind.LAST if last else Kind.SAMPLE
        return Frame(kind, number, to_bytes(shaped.reshape(-1), port))

    def response(self, body: bytes) -> np.ndarray:
        """Return the int64 codes ``(n_out,)`` in the body of an answer.

        Raises
        ------
        ChronogateError
            When the body is not as long as a forecast.
        """
        if len(body) != self.bridge.response_bytes:
            raise ChronogateError(
                f"a forecast of {self.network.name} has {self.bridge.response_bytes} bytes, "
                f"but {len(body)} were received: check the baud rate"
            )
        return from_bytes(body, self.network.output)


class BoardTopComponent(wiring.Component):
    """`BoardTop` in hardware.

    Attributes
    ----------
    clk : In(1)
        Oscillator.
    uart_rx : In(1)
        From the host.
    uart_tx : Out(1)
        To the host.
    led_alive : Out(1)
        Blinks while the clock runs.
    led_dropped : Out(1)
        On since a frame was refused or a window dropped; both low when on, where the spec says so.
    """

    clk: Signal
    uart_rx: Signal
    uart_tx: Signal
    led_alive: Signal
    led_dropped: Signal

    def __init__(self, spec: BoardTop) -> None:
        super().__init__(
            {
                "clk": In(1),
                "uart_rx": In(1),
                "uart_tx": Out(1),
                "led_alive": Out(1),
                "led_dropped": Out(1),
            }
        )
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # The reset counter starts from its configured value, hence a domain without reset. The
        # name `sync` is the accelerator's, whose domain would meet one of that name here.
        m.domains.por = ClockDomain(reset_less=True)
        m.domains.board = ClockDomain()
        clock, locked = self._clock(m)
        m.d.comb += [ClockSignal("por").eq(clock), ClockSignal("board").eq(clock)]
        cycles = self._spec.reset_cycles
        waiting = Signal(range(cycles + 1), name="reset_waiting", init=cycles)
        reset = Signal(name="power_on_reset", init=1)
        with m.If(~locked):
            m.d.por += waiting.eq(cycles)
        with m.Elif(waiting != 0):
            m.d.por += waiting.eq(waiting - 1)
        m.d.por += reset.eq(waiting != 0)
        m.d.comb += ResetSignal("board").eq(reset)

        bridge = LinkBridgeComponent(self._spec.bridge)
        m.submodules.bridge = DomainRenamer("board")(bridge)
        map = self._spec.map
        accelerator = Accelerator(self._spec.network, control=map is not None)
        m.submodules.accelerator = accelerator
        beats = Signal(_HEARTBEAT_BITS, name="heartbeat")
        m.d.board += beats.eq(beats + 1)
        low = Const(self._spec.leds_active_low, 1)
        m.d.comb += [
            bridge.rx.eq(self.uart_rx),
            self.uart_tx.eq(bridge.tx),
            accelerator.aclk.eq(clock),
            accelerator.aresetn.eq(~reset),
            accelerator.s_axis_tdata.eq(bridge.window.payload.data),
            accelerator.s_axis_tlast.eq(bridge.window.payload.last),
            accelerator.s_axis_tvalid.eq(bridge.window.valid),
            bridge.window.ready.eq(accelerator.s_axis_tready),
            bridge.forecast.payload.data.eq(accelerator.m_axis_tdata),
            bridge.forecast.payload.last.eq(accelerator.m_axis_tlast),
            bridge.forecast.valid.eq(accelerator.m_axis_tvalid),
            accelerator.m_axis_tready.eq(bridge.forecast.ready),
            self.led_alive.eq(beats[-1] ^ low),
            self.led_dropped.eq(bridge.trouble ^ low),
            bridge.dropped.eq(accelerator.dropped_windows),
        ]
        if map is not None:
            connect_bus(m, bridge, accelerator, map.address_bits, PREFIX)
        if self._spec.bridge.has_banks:
            tuser: Signal = accelerator.m_axis_tuser
            m.d.comb += bridge.second.eq(tuser)
        return m

    def _clock(self, m: Module) -> tuple[Value, Value]:
        """Return the clock and whether it can be relied on."""
        if self._spec.pll is None:
            return self.clk, Const(1, 1)
        m.submodules.pll = pll = PllComponent(self._spec.pll)
        locked = Signal(name="pll_locked")
        m.submodules.lock = FFSynchronizer(pll.locked, locked, o_domain="por")
        m.d.comb += pll.clk_in.eq(self.clk)
        return pll.clk_out, locked
