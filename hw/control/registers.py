"""The description of a register map: what there is, where it lies, and what an access does.

It is written once; the hardware (`hw.control.bank`), the C header (`hw.control.header`) and the
table (`hw.control.markdown`) are emitted from it. amaranth-soc, whose CSR bus would do the first of
the three, is an empty placeholder on PyPI and has no AXI; PeakRDL emits SystemVerilog packages,
which neither Amaranth's simulator nor the one Verilog file of a design can take in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from hw.errors import ChronogateError
from hw.memory_port import MAX_WORD, Memory

WORD_BITS = 32
WORD_BYTES = WORD_BITS // 8

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


class Access(StrEnum):
    """What reading and writing a field does, as the table spells it."""

    CONSTANT = "constant"  # reads as the reset value; writes are ignored
    READ = "RO"  # reads what the hardware gives; writes are ignored
    WRITE = "RW"  # reads what was written last
    CLEAR = "W1C"  # bits that the hardware sets stay set until a one is written to them
    PULSE = "W1P"  # a one gives a pulse of one cycle; reads as zero


READ_ONLY = (Access.CONSTANT, Access.READ)


@dataclass(frozen=True)
class Field:
    """Bits of a register.

    Parameters
    ----------
    name
        Lower-case letters, digits and underscores; empty in a register of one field.
    access
        What an access does.
    description
        One sentence.
    width, lsb
        Number of bits, and where the lowest lies.
    reset
        Value after reset; of a constant, its value.
    """

    name: str
    access: Access
    description: str
    width: int = 1
    lsb: int = 0
    reset: int = 0

    @property
    def mask(self) -> int:
        """The field's bits within the word."""
        return ((1 << self.width) - 1) << self.lsb


@dataclass(frozen=True)
class Register:
    """A word of 32 bits.

    Parameters
    ----------
    name
        Unique name, lower-case letters, digits and underscores.
    fields
        Its fields; bits that belong to none read as zero.
    description
        One sentence.
    offset
        Address in bytes; by default that of the word behind the register before.
    """

    name: str
    fields: tuple[Field, ...]
    description: str
    offset: int | None = None

    @classmethod
    def word(
        cls,
        name: str,
        access: Access,
        description: str,
        width: int = WORD_BITS,
        reset: int = 0,
        offset: int | None = None,
    ) -> "Register":
        """Return a register of one field without a name of its own."""
        field = Field("", access, description, width, reset=reset)
        return cls(name, (field,), description, offset)

    @property
    def writable(self) -> bool:
        """Whether a write may do anything; to others the bus answers with an error."""
        return any(field.access not in READ_ONLY for field in self.fields)

    def port(self, field: Field) -> str:
        """Return the name of `field` in hardware and, in capitals, in C."""
        return f"{self.name}_{field.name}" if field.name else self.name


@dataclass(frozen=True, eq=False)
class RegisterMap:
    """Registers at their addresses, and the memories that are reached through them.

    Parameters
    ----------
    name
        Prefix of everything in C.
    description
        One sentence.
    registers
        In ascending order of their addresses.
    memories
        Selected by their position.

    Raises
    ------
    ChronogateError
        When registers or fields overlap, an address is not that of a word, a name is used twice
        or is none in C, or a value does not fit its field.
    """

    name: str
    description: str
    registers: tuple[Register, ...]
    memories: tuple[Memory, ...] = ()

    def __post_init__(self) -> None:
        end, names = 0, set[str]()
        for offset, register in self.placed:
            if offset % WORD_BYTES or offset < 0:
                raise ChronogateError(
                    f"register {register.name} at {offset:#x} is not at a word's address: "
                    f"use a multiple of {WORD_BYTES}"
                )
            if offset < end:
                raise ChronogateError(
                    f"register {register.name} at {offset:#x} overlaps what lies before it: "
                    f"the next free address is {end:#x}"
                )
            end = offset + WORD_BYTES
            _check_fields(register)
            for name in {register.name, *(register.port(field) for field in register.fields)}:
                _check_name(name, names)
        memories = set[str]()
        for memory in self.memories:
            _check_name(memory.name, memories)
            if memory.words < 1 or not 1 <= memory.width <= MAX_WORD:
                raise ChronogateError(
                    f"memory {memory.name} has {memory.words} words of {memory.width} bits: "
                    f"at least one word of 1 to {MAX_WORD} bits can be reached"
                )

    @cached_property
    def placed(self) -> tuple[tuple[int, Register], ...]:
        """Address in bytes and register."""
        placed, following = [], 0
        for register in self.registers:
            offset = following if register.offset is None else register.offset
            placed.append((offset, register))
            following = offset + WORD_BYTES
        return tuple(placed)

    @property
    def size(self) -> int:
        """Bytes up to the end of the last register."""
        return self.placed[-1][0] + WORD_BYTES

    @property
    def address_bits(self) -> int:
        """Bits of an address in bytes."""
        return max((self.size - 1).bit_length(), 3)

    def offset(self, name: str) -> int:
        """Return the address of the register `name`."""
        return next(offset for offset, register in self.placed if register.name == name)

    def fields(self) -> Iterator[tuple[Register, Field]]:
        """Every field, with its register."""
        return ((register, field) for register in self.registers for field in register.fields)


def _check_fields(register: Register) -> None:
    taken = 0
    for field in register.fields:
        where = f"field {field.name or 'value'} of register {register.name}"
        if field.width < 1 or field.lsb < 0 or field.lsb + field.width > WORD_BITS:
            raise ChronogateError(f"{where} lies outside the {WORD_BITS} bits of a word: move it")
        if taken & field.mask:
            raise ChronogateError(f"{where} overlaps another field: move one of them")
        if not 0 <= field.reset < 1 << field.width:
            raise ChronogateError(f"{where} cannot hold {field.reset}: it has {field.width} bits")
        if field.reset and field.access in (Access.READ, Access.PULSE):
            raise ChronogateError(f"{where} keeps no value: leave its reset value out")
        taken |= field.mask


def _check_name(name: str, taken: set[str]) -> None:
    if not _NAME.fullmatch(name):
        raise ChronogateError(
            f"{name!r} cannot be a name in C: use lower-case letters, digits and underscores"
        )
    if name in taken:
        raise ChronogateError(f"two parts of the register map are called {name}: rename one")
    taken.add(name)
