"""What a property is stated in: a module, free and chosen values, and the statements."""

from amaranth.hdl import Assert, Assume, Module, Mux, ResetSignal, Shape, ShapeLike, Signal, Value

BEGUN = "begun"
"""Name of the one register that every proof begins with in the same state."""


class Setting:
    """The surroundings of the blocks of one property.

    Registers of the module are of the domain ``sync``, like those of the blocks. Its reset is
    free as long as the property does not assume otherwise: reset may come at any moment.

    Attributes
    ----------
    m
        Receives the blocks and the logic around them.
    ports
        The free signals.
    """

    def __init__(self) -> None:
        self.m = Module()
        self.ports: list[Signal] = []
        self._begun: Signal | None = None

    def free(self, shape: ShapeLike, name: str) -> Signal:
        """Return a signal that may have any value in any cycle."""
        signal = Signal(shape, name=name)
        self.ports.append(signal)
        return signal

    def led_out(self, value: Value, name: str) -> None:
        """Make `value` an output pin."""
        pin = Signal(value.shape(), name=name)
        self.m.d.comb += pin.eq(value)
        self.ports.append(pin)

    def chosen(self, shape: ShapeLike, name: str) -> Value:
        """Return a value that may be any, but is the same in all cycles."""
        kept = Signal(shape, name=f"{name}_kept", reset_less=True)
        value = Signal(shape, name=name)
        self.m.d.comb += value.eq(Mux(self.begun, kept, self.free(shape, f"{name}_any")))
        self.m.d.sync += kept.eq(value)
        return value

    @property
    def begun(self) -> Signal:
        """Low in the first cycle only, whatever the reset does."""
        if self._begun is None:
            self._begun = Signal(name=BEGUN, reset_less=True)
            self.m.d.sync += self._begun.eq(1)
        return self._begun

    def assume_reset_first(self) -> None:
        """Look only at runs whose first cycle is a reset, and no other."""
        self.assume(ResetSignal() == ~self.begun)

    def before(self, value: Value, name: str) -> Signal:
        """Return what `value` was one cycle ago; zero at the start and after a reset."""
        register = Signal(value.shape(), name=name)
        self.m.d.sync += register.eq(value)
        return register

    def assume(self, condition: Value) -> None:
        """Look only at what keeps `condition` in every cycle."""
        self.m.d.comb += Assume(condition)

    def prove(self, condition: Value) -> None:
        """State that `condition` holds in every cycle."""
        self.m.d.comb += Assert(condition)


def implies(condition: Value, result: Value) -> Value:
    """Return whether `result` holds wherever `condition` does; both of one bit."""
    return ~condition | result


def named(m: Module, value: Value, name: str, shape: Shape | None = None) -> Signal:
    """Return `value` under a name."""
    signal = Signal(value.shape() if shape is None else shape, name=name)
    m.d.comb += signal.eq(value)
    return signal
