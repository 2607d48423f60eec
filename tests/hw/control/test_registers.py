"""The description of registers: addresses, refusals, C header, table, and a network's map."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import Activation, ChronogateError, FixedPoint, Function, Network, Node, Quantizer
from hw.control.header import c_header
from hw.control.map import IDENTITY, control_map
from hw.control.markdown import markdown
from hw.control.registers import Access, Field, Register, RegisterMap
from hw.control.saturation import saturation_watches
from hw.memory_port import Memory
from hw.network.serialization import fingerprint
from hw.number.fixed_point import Overflow, Rounding
from hw.stream import Port
from sim.toolchain import find_toolchain
from tests.hw.control.drawing import draw_map
from tests.hw.drawing import draw_codes, draw_network

MEMORIES = (
    Memory("weights", 12, 40, "kernel, row by row", readable=False),
    Memory("state", 3, 7, "h | c"),
)


def registers_map(*registers: Register, memories: tuple[Memory, ...] = ()) -> RegisterMap:
    return RegisterMap("test", "", registers, memories)


def word(name: str, offset: int | None = None) -> Register:
    return Register.word(name, Access.WRITE, "", offset=offset)


def test_words_follow_each_other_unless_an_address_is_given() -> None:
    map = registers_map(word("a"), word("b"), word("c", 16), word("d"))
    assert [offset for offset, _ in map.placed] == [0, 4, 16, 20]
    assert (map.size, map.address_bits, map.offset("d")) == (24, 5, 20)


def test_what_cannot_be_is_refused() -> None:
    rw = Access.WRITE
    wrong = {
        "not at a word's address": (word("a", 2),),
        "overlaps what lies before it: the next free address is 0xc": (word("a", 8), word("b", 8)),
        "overlaps another field": (
            Register("a", (Field("x", rw, "", 4), Field("y", rw, "", 4, lsb=3)), ""),
        ),
        "outside the 32 bits": (Register("a", (Field("x", rw, "", 4, lsb=29),), ""),),
        "cannot hold 8": (Register.word("a", rw, "", width=3, reset=8),),
        "keeps no value": (Register.word("a", Access.PULSE, "", reset=1),),
        "two parts of the register map are called a_b": (
            Register("a", (Field("b", rw, ""),), ""),
            word("a_b"),
        ),
        "cannot be a name in C": (word("größe"),),
    }
    for words, registers in wrong.items():
        with pytest.raises(ChronogateError, match=words):
            registers_map(*registers)
    with pytest.raises(ChronogateError, match="memory wide has 4 words of 65 bits"):
        registers_map(word("a"), memories=(Memory("wide", 4, 65, ""),))


def named(network: Network, name: str) -> Network:
    """Return the network with another name for its last layer."""
    nodes = (*network.nodes[:-1], replace(network.nodes[-1], name=name))
    return replace(network, nodes=nodes, outputs=(name,))


def test_header_compiles_and_says_what_the_map_says(tmp_path: Path) -> None:
    network = replace(draw_network(3, "lstm"), name='a "net" /* or not */ \\')
    maps = [control_map(network, MEMORIES)] + [
        replace(draw_map(np.random.default_rng(seed)), name=f"drawn{seed}") for seed in range(3)
    ]
    lines, expected = [], []
    for number, map in enumerate(maps):
        (tmp_path / f"map{number}.h").write_text(c_header(map), encoding="utf-8")
        prefix = map.name.upper()
        names = {f"{prefix}_{r.name.upper()}_OFFSET": offset for offset, r in map.placed}
        for register, field in map.fields():
            name = f"{prefix}_{register.port(field).upper()}"
            names |= {f"{name}_SHIFT": field.lsb, f"{name}_MASK": field.mask}
            if field.access is Access.CONSTANT:
                names[f"{name}_VALUE"] = field.reset
        lines += [f'printf("%lx\\n", (unsigned long){name});' for name in names]
        expected += list(names.values())
    # Twice, for the guard.
    includes = "".join(f'#include "map{n}.h"\n' for n in (*range(len(maps)), 0))
    source = f"#include <stdio.h>\n{includes}int main(void) {{ {' '.join(lines)} return 0; }}\n"
    (tmp_path / "main.c").write_text(source)
    strict = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99")
    tools = find_toolchain()
    program = tmp_path / "main"
    subprocess.run(
        [tools.compiler, "-x", "c", *strict, "-o", program, tmp_path / "main.c"], check=True
    )
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert [int(line, 16) for line in printed.split()] == expected


def test_table_has_a_line_for_every_field_and_memory() -> None:
    map = control_map(draw_network(3, "lstm"), MEMORIES)
    lines = markdown(map).splitlines()
    registers = [line for line in lines if line.startswith("| `0x")]
    assert len(registers) == len(list(map.fields()))
    assert "| `0x000` | `identity` | 31:0 | constant | `0x43484754` | the letters CHGT |" in lines
    assert "| 0 | `weights` | 12 | 40 | W | kernel, row by row |" in lines
    assert "| 1 | `state` | 3 | 7 | RW | h \\| c |" in lines


def test_a_network_is_named_by_its_registers() -> None:
    network = draw_network(3, "lstm")
    values = {r.name: r.fields[0].reset for r in control_map(network).registers}
    digits = "".join(f"{values[f'network_hash{i}']:08x}" for i in range(4))
    assert digits == fingerprint(network)[:32]
    assert values["identity"] == IDENTITY
    assert values["look_back"] == network.look_back
    assert values["features"] == network.features
    assert values["outputs"] == network.outputs_per_window
    assert (values["series"], values["mode"]) == (1, 0)


def test_layers_whose_names_are_one_in_c_keep_counters_of_their_own() -> None:
    source, narrow = FixedPoint(8, 8), FixedPoint(4, 4, True, Rounding.TRN, Overflow.SAT)
    wide = FixedPoint(6, 6, True, Rounding.TRN, Overflow.SAT)
    first = Activation(1, source, Quantizer(Function.LINEAR, wide))
    second = Activation(1, wide, Quantizer(Function.LINEAR, narrow))
    nodes = (Node("a-b", first, ("input",)), Node("a_b", second, ("a-b",)))
    network = Network("twins", (Port("input", 1, source),), nodes, ("a_b",))
    names = [r.name for r in control_map(network).registers]
    assert names[-2:] == ["saturated_a_b_0", "saturated_a_b_1"]


@pytest.mark.parametrize("overflow", Overflow)
@pytest.mark.parametrize("rounding", Rounding)
def test_a_watch_tells_what_the_format_cannot_hold(rounding: Rounding, overflow: Overflow) -> None:
    """Every code of every drawn format, against formats that are wider but round alike."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        source = FixedPoint(int(rng.integers(1, 11)), int(rng.integers(-2, 8)), rng.random() < 0.7)
        output = FixedPoint(
            int(rng.integers(1, 9)),
            int(rng.integers(-3, 9)),
            rng.random() < 0.5,
            rounding,
            overflow,
        )
        node = Activation(1, source, Quantizer(Function.LINEAR, output))
        network = Network(
            "one", (Port("input", 1, source),), (Node("q", node, ("input",)),), ("q",)
        )
        codes = np.arange(source.minimum, source.maximum + 1)
        roomy = FixedPoint(40, 40 - output.fraction, True, rounding, Overflow.SAT)
        exact = roomy.resize(codes, source)
        beyond = (exact > output.maximum) | ((exact < output.minimum) & output.signed)
        watches = saturation_watches(network)
        assert bool(watches) == bool(beyond.any()), f"{source} -> {output}"
        for watch in watches:
            assert watch.reference(codes[:, np.newaxis]) == beyond.sum(), f"{source} -> {output}"


def test_a_watch_takes_the_widest_formats() -> None:
    source = FixedPoint(63, 30)
    for fraction in (0, 33, 40):
        output = FixedPoint(63, 63 - fraction, True, Rounding.RND_CONV, Overflow.SAT)
        node = Activation(1, source, Quantizer(Function.LINEAR, output))
        network = Network(
            "wide", (Port("input", 1, source),), (Node("q", node, ("input",)),), ("q",)
        )
        watches = saturation_watches(network)
        assert [watch.high for watch in watches] == ([2**55 - 1] if fraction == 40 else [])
    assert draw_codes(np.random.default_rng(1), FixedPoint(3, 3), 2).shape == (2,)
