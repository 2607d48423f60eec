"""Random register maps for tests, and what they ought to do."""

from dataclasses import dataclass, field

import numpy as np

from hw.control.axi_lite import OKAY, SLVERR
from hw.control.registers import WORD_BITS, Access, Field, Register, RegisterMap


def draw_map(rng: np.random.Generator) -> RegisterMap:
    """Draw a map with every kind of field, registers of several fields, and holes."""
    registers, offset = [], 0
    for number, access in enumerate([*Access, *Access]):
        if number < len(Access):
            register = Register.word(f"word{number}", access, "one field", offset=offset)
        else:
            register = Register(f"word{number}", tuple(_draw_fields(rng)), "several", offset)
        registers.append(register)
        offset += 4 * int(rng.integers(1, 3))
    return RegisterMap("drawn", "A drawn map.", tuple(registers))


def _draw_fields(rng: np.random.Generator) -> list[Field]:
    fields, lsb = [], int(rng.integers(0, 5))
    while lsb < WORD_BITS:
        width = int(rng.integers(1, min(12, WORD_BITS - lsb) + 1))
        access = list(Access)[int(rng.integers(len(Access)))]
        keeps = access not in (Access.READ, Access.PULSE)
        reset = int(rng.integers(1 << width)) if keeps else 0
        fields.append(Field(f"field{lsb}", access, "drawn", width, lsb, reset))
        lsb += width + int(rng.integers(0, 4))
    return fields


@dataclass
class Model:
    """A register map in Python: what every access gives and does."""

    map: RegisterMap
    values: dict[str, int] = field(default_factory=dict)
    pulses: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = {r.port(f): f.reset for r, f in self.map.fields()}

    def read(self, address: int) -> tuple[int, int]:
        """Return data and response."""
        register = self._at(address)
        if register is None:
            return 0, SLVERR
        word = 0
        for f in register.fields:
            if f.access is not Access.PULSE:
                word |= self.values[register.port(f)] << f.lsb
        return word, OKAY

    def write(self, address: int, data: int, strobe: int) -> int:
        """Return the response; `pulses` holds what was pulsed."""
        register = self._at(address)
        self.pulses = {}
        kinds = set() if register is None else {f.access for f in register.fields}
        if register is None or not kinds & {Access.WRITE, Access.CLEAR, Access.PULSE}:
            return SLVERR
        bytes_written = sum(0xFF << (8 * b) for b in range(4) if strobe >> b & 1)
        for f in register.fields:
            name = register.port(f)
            size = (1 << f.width) - 1
            new, mask = data >> f.lsb & size, bytes_written >> f.lsb & size
            match f.access:
                case Access.WRITE:
                    self.values[name] = self.values[name] & ~mask | new & mask
                case Access.CLEAR:
                    self.values[name] &= ~(new & mask)
                case Access.PULSE if new & mask:
                    self.pulses[name] = new & mask
        return OKAY

    def _at(self, address: int) -> Register | None:
        return next((r for offset, r in self.map.placed if offset == address & ~3), None)
