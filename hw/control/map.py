"""The register map of a network: a function of the network, for hardware and host alike."""

import re

from hw.control.registers import Access, Field, Register, RegisterMap
from hw.control.reload import model_memories, shape_fingerprint
from hw.control.saturation import saturation_watches
from hw.control.state import state_memories
from hw.memory_port import Memory
from hw.network.design import Design
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.network.serialization import fingerprint

IDENTITY = int.from_bytes(b"CHGT", "big")
"""What the first register reads as, wherever this map is found."""

VERSION = (1, 1)
"""Major and minor number of the map: the minor one grows when registers are added."""

HASH_WORDS = 4
COUNTERS = {
    "cycles": "clock cycles",
    "input_beats": "input beats accepted, those of dropped windows included",
    "output_beats": "output beats taken by the consumer",
    "stalled_cycles": "cycles in which a forecast waited for the consumer",
}
"""Counters of 64 bits that every design has."""

HALVES = (("low", "bits 31:0"), ("high", "bits 63:32"))
"""Of a counter of 64 bits."""

ADDRESS_BITS = 28


def control_map(network: Network, memories: tuple[Memory, ...] = ()) -> RegisterMap:
    """Return the registers of `network`.

    Parameters
    ----------
    network
        The design.
    memories
        What the host may read and write through `hw.control.memory_access`.

    Returns
    -------
    RegisterMap
        Identity, constants, control, counters and, with memories, access to them.
    """
    return RegisterMap(
        "chronogate",
        f"Registers of {network.name}. Counters run without pause; they show what they were at "
        "the latest control.latch.",
        (
            *identity_registers(network, fingerprint(network)),
            *control_registers(bool(network.reloadable)),
            *_counters(network),
            *(_memory_access(memories, bool(network.reloadable)) if memories else ()),
            *(_shape(network) if network.reloadable else ()),
        ),
        memories,
    )


def identity_registers(network: Design, digest: str) -> list[Register]:
    """Return the constants that tell what a design is; `digest` is its SHA-256."""

    def constant(name: str, value: int, description: str) -> Register:
        return Register.word(name, Access.CONSTANT, description, reset=value)

    version = tuple(
        Field(name, Access.CONSTANT, f"{name} number", 16, lsb, number)
        for name, lsb, number in zip(("major", "minor"), (16, 0), VERSION, strict=True)
    )
    return [
        constant("identity", IDENTITY, "the letters CHGT"),
        Register("version", version, "version of this register map"),
        *(
            constant(
                f"network_hash{i}",
                int(digest[8 * i : 8 * i + 8], 16),
                f"hexadecimal digits {8 * i} to {8 * i + 7} of the network's SHA-256",
            )
            for i in range(HASH_WORDS)
        ),
        constant("look_back", network.look_back, "input beats in a window"),
        constant("features", network.features, "values in an input beat"),
        constant("outputs", network.outputs_per_window, "values in a forecast"),
        constant("series", network.input.series, "independent series that share the core"),
        constant(
            "mode",
            list(Mode).index(network.mode),
            f"how windows are cut: {', '.join(f'{i} {mode}' for i, mode in enumerate(Mode))}",
        ),
    ]


def host_memories(network: Network) -> tuple[Memory, ...]:
    """Return what the host of a network's design reaches, in the order of the numbers."""
    return (*model_memories(network), *state_memories(network))


def _shape(network: Network) -> list[Register]:
    digest = shape_fingerprint(network)
    return [
        Register.word(
            f"shape_hash{i}",
            Access.CONSTANT,
            f"hexadecimal digits {8 * i} to {8 * i + 7} of the SHA-256 of all but what can be "
            "loaded: a model with another one does not fit",
            reset=int(digest[8 * i : 8 * i + 8], 16),
        )
        for i in range(HASH_WORDS)
    ]


def control_registers(reloadable: bool) -> list[Register]:
    """Return the registers that act on windows and counters."""
    pulses = [
        (
            "reset_state",
            "every series begins anew: its next input beat is the first of a window, with cleared "
            "state; windows that have begun are lost and counted as dropped, whole ones are not "
            "touched; while the output is blocked, the command waits",
        ),
        ("latch", "takes a snapshot of all counters, at one moment"),
        ("clear", "counters begin anew; together with latch nothing is lost or counted twice"),
    ]
    if reloadable:
        pulses.append(("commit", "the next window to begin is the first with the weights written"))
    fields = (Field(name, Access.PULSE, text, lsb=bit) for bit, (name, text) in enumerate(pulses))
    enable = "input beats are accepted; what has been accepted is finished in any case"
    return [
        Register("control", tuple(fields), "actions, each a one to write"),
        Register.word("enable", Access.WRITE, enable, width=1, reset=1),
        Register.word(
            "dropped_windows",
            Access.READ,
            "windows dropped since reset: closed too early, too late, or by reset_state",
        ),
    ]


def _counters(network: Network) -> list[Register]:
    words = [
        Register.word(f"{name}_{half}", Access.READ, f"{meaning}, {bits}")
        for name, meaning in COUNTERS.items()
        for half, bits in HALVES
    ]
    for name, node in moved_names(network):
        meaning = f"inputs and states of {node} that moved and were multiplied"
        words += [
            Register.word(f"{name}_{half}", Access.READ, f"{meaning}, {bits}")
            for half, bits in HALVES
        ]
    for name, node in saturation_names(network):
        meaning = f"beats of {node} in which a value was beyond its format"
        words.append(Register.word(name, Access.READ, meaning))
    return words


def moved_names(network: Network) -> list[tuple[str, str]]:
    """Return counter and node of every layer with delta updates."""
    nodes = [node.name for node in network.nodes if node.spec.timing.extra is not None]
    return _names("moved", nodes)


def saturation_names(network: Network) -> list[tuple[str, str]]:
    """Return register and node of every saturation counter."""
    return _names("saturated", [watch.node for watch in saturation_watches(network)])


def _names(prefix: str, nodes: list[str]) -> list[tuple[str, str]]:
    names = [f"{prefix}_{re.sub('[^a-z0-9]', '_', node.lower())}" for node in nodes]
    return [
        (name if names.count(name) == 1 else f"{name}_{i}", node)
        for i, (name, node) in enumerate(zip(names, nodes, strict=True))
    ]


def _memory_access(memories: tuple[Memory, ...], reloadable: bool) -> list[Register]:
    widest = max(memory.width for memory in memories)
    halves = [("low", min(widest, 32))] + ([("high", widest - 32)] if widest > 32 else [])
    models = (
        Field(
            "commit_pending",
            Access.READ,
            "weights are committed but a layer has not begun to use them; it takes no new ones yet",
            lsb=1,
        ),
        Field("target", Access.READ, "the bank of the model committed last", lsb=3),
    )
    status = (
        Field("busy", Access.READ, "a word is on its way; further commands are refused"),
        *(models if reloadable else ()),
        Field(
            "refused",
            Access.CLEAR,
            "a command came while busy, or named no memory, a word outside of it, or an access "
            "that it does not allow; nothing was done",
            lsb=2,
        ),
    )
    command = (
        Field("address", Access.WRITE, "the word", ADDRESS_BITS),
        Field("read", Access.PULSE, "reads the word into memory_result", lsb=30),
        Field("write", Access.PULSE, "writes memory_data into the word", lsb=31),
    )
    return [
        Register.word("memory_select", Access.WRITE, "number of the memory", width=8),
        *(
            Register.word(f"memory_data_{half}", Access.WRITE, "word to write", width)
            for half, width in halves
        ),
        Register("memory_command", command, "moves one word of the selected memory"),
        Register("memory_status", status, "what became of the command"),
        *(
            Register.word(f"memory_result_{half}", Access.READ, "word read last", width)
            for half, width in halves
        ),
    ]
