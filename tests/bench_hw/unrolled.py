"""Unrolled networks beside the RTL that alkaid writes for the same integers.

``python -m tests.bench_hw.unrolled [--quick] [--seeds N] [--only NAME]``: both go through the same
Yosys and nextpnr for an ECP5-85 and must compute the same function. Fails when ours takes more than
2 % more cells or nanoseconds than alkaid's.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from alkaid.codegen.rtl.rtl_model import RTLModel
from alkaid.trace import FVArrayInput, HWConfig, trace
from alkaid.types import CombLogic
from amaranth.back import verilog
from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw import (
    Activation,
    FixedPoint,
    Function,
    Overflow,
    Quantizer,
    Rounding,
    UnrolledDense,
)
from hw.block import Spec
from tests.bench_hw.ecp5 import Design, Routed, implement
from tests.bench_hw.table import print_table
from tests.bench_hw.weather_mlp import Layer, random_layers, trained_layers

TOLERANCE = 1.02
WEIGHT_BITS = 6
INPUT = FixedPoint(8, 8)

Block = UnrolledDense | Activation


@dataclass(frozen=True, eq=False)
class Race:
    """Two pipelines of one network.

    Parameters
    ----------
    name
        Of the network and the pace.
    layers
        The network.
    stages
        Pipeline stages that alkaid is asked for; ours has as many or fewer.
    registers
        Of each of our layers; every activation between two has one more.
    extra_depth
        Of each of our layers: levels of adders beyond the least, see `hw.UnrolledDense`. A layer
        that is not the slowest takes more of them, and fewer adders.
    """

    name: str
    layers: tuple[Layer, ...]
    stages: int
    registers: tuple[int, ...]
    extra_depth: tuple[int | None, ...]


def blocks(race: Race) -> list[Block]:
    """Return our network: relu keeps the top eight bits of what a layer can reach."""
    chain: list[Block] = []
    source = INPUT
    for number, (layer, registers, extra_depth) in enumerate(
        zip(race.layers, race.registers, race.extra_depth, strict=True)
    ):
        last = number == len(race.layers) - 1
        dense = UnrolledDense(
            layer.kernel,
            layer.bias,
            source,
            FixedPoint(WEIGHT_BITS, WEIGHT_BITS),
            FixedPoint(24, 24 - source.fraction),
            registers,
            registered_output=last,
            extra_depth=extra_depth,
        )
        chain.append(dense)
        if not last:
            top = FixedPoint(8, dense.output.integer - 1, False, Rounding.TRN, Overflow.SAT)
            relu = Activation(layer.kernel.shape[1], dense.output, Quantizer(Function.LINEAR, top))
            chain.append(relu)
            source = relu.outputs[0].format
    return chain


class Chain(wiring.Component):
    """Blocks in a row behind an input register."""

    i_valid: Signal
    i_payload: data.View
    o_valid: Signal
    o_payload: data.View

    def __init__(self, chain: Sequence[Spec]) -> None:
        self._chain = chain
        super().__init__(
            {
                "i_valid": In(1),
                "i_payload": In(chain[0].inputs[0].layout),
                "o_valid": Out(1),
                "o_payload": Out(chain[-1].outputs[0].layout),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid, payload = Signal(name="valid"), Signal.like(self.i_payload, name="payload")
        m.d.sync += [valid.eq(self.i_valid), payload.eq(self.i_payload)]
        for number, spec in enumerate(self._chain):
            m.submodules[f"block{number}"] = block = spec.build()
            m.d.comb += [block.i.valid.eq(valid), block.i.payload.eq(payload)]
            valid, payload = block.o.valid, block.o.payload
        m.d.comb += [self.o_valid.eq(valid), self.o_payload.eq(payload)]
        return m


def ours(race: Race, name: str) -> Design:
    """Return our contestant."""
    chain = blocks(race)
    cycles = sum(spec.timing.latency_cycles for spec in chain)
    return Design(name, verilog.convert(Chain(chain), name="top", emit_src=False), "top", cycles)


def traced(race: Race) -> CombLogic:
    """Return the same network as alkaid's own tracer sees it, on integers."""
    value = source = FVArrayInput(len(race.layers[0].kernel), hwconf=HWConfig(1, 1, -1))
    value = value.quantize(1, INPUT.width - 1, 0)
    widths = [spec.output.width for spec in blocks(race) if isinstance(spec, UnrolledDense)]
    for number, (layer, width) in enumerate(zip(race.layers, widths, strict=True)):
        value = value @ layer.kernel.astype(np.float64) + layer.bias.astype(np.float64)
        if number < len(race.layers) - 1:
            shape = value.shape
            value = value.relu(i=np.full(shape, width - 1), f=np.full(shape, 9 - width))
            value = value * 2.0 ** (9 - width)
    return trace(source, value)


def theirs(race: Race, name: str, folder: Path) -> Design:
    """Return alkaid's contestant: its RTL, with its registers at both ends.

    Two addends an adder: three double the LUTs of an ECP5.
    """
    logic = traced(race)
    project = folder / name
    model = RTLModel(logic, project, prj_name="top", n_stages=race.stages, ternary_fuse=False)
    model.write()
    sources = [*sorted((project / "src").glob("*.v")), *(project / "src/static").glob("*.v")]
    text = "\n".join(path.read_text() for path in sources if "wrapper" not in path.name)
    same_function(race, logic)
    return Design(name, text, "top", race.stages)


def same_function(race: Race, logic: CombLogic) -> None:
    """End the contest if the contestants compute different things."""
    codes = np.random.default_rng(0).integers(-128, 128, (500, len(race.layers[0].kernel)))
    result = codes
    for spec in blocks(race):
        result = spec.reference(result)
    if not np.array_equal(logic.predict(codes.astype(np.float64)), result):
        sys.exit(f"{race.name}: the contestants compute different functions")


def races(quick: bool) -> list[Race]:
    """Return what is raced; `quick` is the shortest slice."""
    small = random_layers((16, 16, 5), WEIGHT_BITS)
    first = Race("16-16-5, as many stages", small, 3, (1, 1), (0, 0))
    if quick:
        return [first]
    jets = trained_layers((16, 64, 32, 32, 5), WEIGHT_BITS, kept=0.5)
    return [
        first,
        Race("16-16-5, lowest latency", small, 3, (0, 1), (None, None)),
        Race("16-16-5, a clock for each layer", small, 2, (0, 1), (None, None)),
        Race("16-16-5, highest clock", small, 12, (3, 4), (None, None)),
        Race("16-64-32-32-5, half pruned", jets, 5, (0, 0, 0, 1), (2, 0, 1, 1)),
    ]


def main() -> None:
    """Race, print, and fail where ours is behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one race, one seed")
    parser.add_argument("--seeds", type=int, default=5, help="placements tried for each")
    parser.add_argument("--only", default="", help="races whose name has this in it")
    arguments = parser.parse_args()
    seeds = 1 if arguments.quick else arguments.seeds
    rows: list[tuple[object, ...]] = []
    behind: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        entered = [race for race in races(arguments.quick) if arguments.only in race.name]
        if not entered:
            sys.exit(f"no race has {arguments.only!r} in its name: leave --only out to run all")
        designs = [
            design
            for number, race in enumerate(entered)
            for design in (theirs(race, f"theirs{number}", folder), ours(race, f"ours{number}"))
        ]
        routed = implement(designs, seeds, folder)
    for race, their, our in zip(entered, routed[::2], routed[1::2], strict=True):
        rows += [(race.name, "alkaid", *figures(their)), ("", "Chronogate", *figures(our))]
        if our.cells > TOLERANCE * their.cells:
            behind.append(f"{race.name}: {our.cells} cells against {their.cells}")
        if our.latency_ns > TOLERANCE * their.latency_ns:
            behind.append(f"{race.name}: {our.latency_ns:.1f} ns against {their.latency_ns:.1f}")
    print_table(("network", "RTL", "cycles", "cells", "FF", "", "MHz", "latency, ns"), rows)
    if behind:
        sys.exit("\n".join(behind))


def figures(routed: Routed) -> tuple[object, ...]:
    """Return a table row's entries."""
    stage = "routed" if routed.is_routed else "placed"
    design = routed.design
    return design.cycles, routed.cells, routed.ff, stage, routed.fmax_mhz, routed.latency_ns


if __name__ == "__main__":
    main()
