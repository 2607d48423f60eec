"""What a host does with the registers of a network, over any bus (docs/control.md)."""

from collections.abc import Iterator
from typing import Protocol

from hw.control.registers import RegisterMap
from hw.control.reload import MemoryWrite, model_writes, shape_fingerprint
from hw.errors import ChronogateError
from hw.network.graph import Network

PATIENCE = 10_000
"""Reads of the status before a design is said to be busy for good."""

RegisterWrite = tuple[str, int]
"""A register's name, and the word to write."""


class RegisterBus(Protocol):
    """A way to a design's registers."""

    def read(self, name: str) -> int:
        """Return the word of a register."""
        ...

    def write(self, *writes: RegisterWrite) -> None:
        """Write registers in this order."""
        ...


def bit(registers: RegisterMap, register: str, field: str) -> int:
    """Return the mask of a field."""
    found = next(each for each in registers.registers if each.name == register)
    return next(each.mask for each in found.fields if each.name == field)


def write_model(
    bus: RegisterBus,
    registers: RegisterMap,
    network: Network,
    model: Network,
    together: int = 1,
    patience: int = PATIENCE,
) -> None:
    """Write all weights of a model, and wait until they can be committed.

    Parameters
    ----------
    bus
        The way to the registers.
    registers
        Which there are.
    network
        What the design was made from.
    model
        What it shall compute.
    together
        Writes that the bus takes at once.
    patience
        Reads of the status before the design is said to be busy.

    Raises
    ------
    ChronogateError
        When the model is of another shape, or the design stays busy.
    """
    hashes = "".join(f"{bus.read(f'shape_hash{i}'):08x}" for i in range(4))
    if hashes != shape_fingerprint(model)[: len(hashes)]:
        raise ChronogateError(
            f"{model.name} is not of the shape of the design {network.name}: load a "
            "model that differs in its weights only"
        )
    refused = bit(registers, "memory_status", "refused")
    bus.write(("memory_status", refused))
    for group in _groups(registers, model_writes(network, model), together):
        for _ in range(patience):
            bus.write(*group)
            if not _settled(bus, registers, "busy", network, patience) & refused:
                break
            # A word came while another was on its way: they go to a bank that nothing uses, and
            # can be written again.
            bus.write(("memory_status", refused))
        else:
            raise _busy(network)
    _settled(bus, registers, "commit_pending", network, patience)


def commit(registers: RegisterMap) -> RegisterWrite:
    """Return the write after which the next window to begin is computed by the model written."""
    return "control", bit(registers, "control", "commit")


def check_committed(bus: RegisterBus, registers: RegisterMap, network: Network) -> None:
    """Refuse to go on when the design has not taken a commit.

    Raises
    ------
    ChronogateError
        See above.
    """
    if bus.read("memory_status") & bit(registers, "memory_status", "refused"):
        raise ChronogateError(f"the design {network.name} refused the commit: load the model again")


def _groups(
    registers: RegisterMap, words: list[MemoryWrite], together: int
) -> Iterator[list[RegisterWrite]]:
    """Yield the writes of whole words, as many at once as the bus takes."""
    command = bit(registers, "memory_command", "write")
    wide = any(register.name == "memory_data_high" for register in registers.registers)
    group: list[RegisterWrite] = []
    selected = -1
    for word in words:
        writes = [("memory_select", word.memory)] if word.memory != selected else []
        writes.append(("memory_data_low", word.data & 0xFFFFFFFF))
        if wide:
            writes.append(("memory_data_high", word.data >> 32))
        writes.append(("memory_command", command | word.address))
        if group and len(group) + len(writes) > together:
            yield group
            group = []
        group += writes
        selected = word.memory
    if group:
        yield group


def _settled(
    bus: RegisterBus, registers: RegisterMap, field: str, network: Network, patience: int
) -> int:
    """Return the status as soon as `field` is zero."""
    mask = bit(registers, "memory_status", field)
    for _ in range(patience):
        status = bus.read("memory_status")
        if not status & mask:
            return status
    raise _busy(network)


def _busy(network: Network) -> ChronogateError:
    return ChronogateError(
        f"the design {network.name} has not begun to use the weights loaded before, and takes no "
        "others until then: send it a sample, and load again"
    )
