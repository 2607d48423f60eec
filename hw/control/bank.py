"""A register map in hardware, behind AXI4-Lite."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from hw.control.axi_lite import PREFIX, AxiLite, axi_lite_pins, connect_bus
from hw.control.registers import WORD_BITS, WORD_BYTES, Access, Field, Register, RegisterMap


class RegisterBank(wiring.Component):
    """The registers of a map, with one port for each field but constants.

    The bus has the pins ``s_axil_*``; the port of a field has the name that `Register.port` gives.
    Inputs: of a ``RO`` field its value, of a ``W1C`` field the bits to set (a bit that is set and
    cleared in the same cycle is set). Outputs: of a ``RW`` field its value, of a ``W1P`` field the
    pulses, one cycle after the write, together with the new values of the ``RW`` fields that were
    written with it.

    Parameters
    ----------
    map
        What there is.
    """

    def __init__(self, map: RegisterMap) -> None:
        self._map = map
        super().__init__(
            axi_lite_pins(map.address_bits, PREFIX)
            | {
                register.port(field): _member(field)
                for register, field in map.fields()
                if field.access is not Access.CONSTANT
            }
        )

    def field(self, name: str) -> Signal:
        """Return the port `name` of a field."""
        return getattr(self, name)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bus = bus = AxiLite(self._map.address_bits)
        connect_bus(m, self, bus, self._map.address_bits, prefix="")
        mask = Cat(bit.replicate(8) for bit in bus.write_strobe)
        words = []
        for offset, register in self._map.placed:
            chosen = Signal(name=f"{register.name}_write")
            word = Signal(WORD_BITS, name=f"{register.name}_word")
            m.d.comb += chosen.eq(bus.write & (bus.write_address == offset // WORD_BYTES))
            written = Mux(chosen, mask, 0)
            for field in register.fields:
                bits = slice(field.lsb, field.lsb + field.width)
                value = self._field(m, register, field, bus.write_data[bits], written[bits])
                m.d.comb += word[bits].eq(value)
            words.append((offset // WORD_BYTES, register, word))
        with m.Switch(bus.read_address):
            for number, _, word in words:
                with m.Case(number):
                    m.d.comb += bus.read_data.eq(word)
            # Where every address has its register, Yosys would write an empty case for the error.
            if len(words) < 1 << len(bus.read_address):
                with m.Default():
                    m.d.comb += [bus.read_data.eq(0), bus.read_error.eq(1)]
        with m.Switch(bus.write_address):
            for number, register, _ in words:
                with m.Case(number):
                    m.d.comb += bus.write_error.eq(not register.writable)
            with m.Default():
                m.d.comb += bus.write_error.eq(1)
        return m

    def _field(
        self, m: Module, register: Register, field: Field, data: Value, mask: Value
    ) -> Value:
        """Add what a write does to one field, and return what a read gives."""
        if field.access is Access.CONSTANT:
            return Const(field.reset, field.width)
        port = self.field(register.port(field))
        match field.access:
            case Access.READ:
                return port
            case Access.WRITE:
                m.d.sync += port.eq((port & ~mask) | (data & mask))
                return port
            case Access.CLEAR:
                kept = Signal(field.width, init=field.reset, name=f"{register.port(field)}_kept")
                m.d.sync += kept.eq((kept & ~(data & mask)) | port)
                return kept
            case Access.PULSE:
                m.d.sync += port.eq(data & mask)
                return Const(0, field.width)


def _member(field: Field) -> Member:
    if field.access in (Access.READ, Access.CLEAR):
        return In(field.width)
    return Out(field.width, init=field.reset)
