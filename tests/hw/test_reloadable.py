"""Reloadable weights: every window sees one model, whatever freezes and whoever writes when."""

from collections.abc import Iterator

import numpy as np
import pytest
from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    DomainRenamer,
    EnableInserter,
    Module,
    Mux,
    ResetSignal,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from amaranth.sim import Simulator

from hw import FixedPoint
from hw.control.memory_access import MemoryAccess
from hw.pipeline import delay
from hw.product.reloadable import ModelSelect, ReloadableWeights
from tests.hw.drawing import draw_codes

FORMAT = FixedPoint(5, 2)
SHAPES = ((5, 3), (4, 1))
ROWS = max(rows for rows, _ in SHAPES)

LAG = 9
"""Cycles by which the second layer is behind the first: more than a window."""


class TwoLayers(wiring.Component):
    """Two memories that windows pass one after the other, in a core that may be frozen."""

    def __init__(self, tables: list[np.ndarray]) -> None:
        self.layers = [ReloadableWeights(table, FORMAT) for table in tables]
        self.access = MemoryAccess(
            tuple(layer.describe(f"layer{k}", "") for k, layer in enumerate(self.layers))
        )
        self.select = ModelSelect()
        super().__init__(
            {"clk": In(1), "enable": In(1), "en": In(1), "noise": In(1), "row": In(range(ROWS))}
        )

    def elaborate(self, platform: object) -> Module:
        m, core = Module(), Module()
        m.domains += [ClockDomain("sync"), ClockDomain("host")]
        m.d.comb += [ClockSignal().eq(self.clk), ClockSignal("host").eq(self.clk)]
        m.d.comb += [ResetSignal().eq(0), ResetSignal("host").eq(0)]
        m.submodules.access = DomainRenamer("host")(self.access)
        core.submodules.select = self.select
        core.d.comb += self.select.settled.eq(self.layers[0].settled & self.layers[1].settled)
        for k, layer in enumerate(self.layers):
            core.submodules[f"layer{k}"] = layer
            wiring.connect(m, getattr(self.access, f"memory{k}"), layer.port)
            model = delay(core, self.select.model, k * LAG, f"model{k}")
            core.d.comb += [
                layer.addr.eq(delay(core, self.row, k * LAG, f"row{k}")),
                layer.en.eq(delay(core, self.en, k * LAG, f"en{k}")),
                layer.model.eq(Mux(layer.en, model, self.noise)),
                layer.target.eq(self.select.target),
            ]
        m.submodules.core = EnableInserter(self.enable)(core)
        return m


def script(design: TwoLayers, models: list[list[np.ndarray]]) -> Iterator[tuple[int, ...]]:
    """Yield words to write as `(memory, address, data)`, and ``()`` for a commit."""
    for model in models:
        for number, (layer, table) in enumerate(zip(design.layers, model, strict=True)):
            for (row, lane), code in np.ndenumerate(table):
                yield number, row << layer.lane_bits | lane, int(code) & (1 << FORMAT.width) - 1
        yield ()
    # Comes before the layers use the model just committed, and must not harm the one before.
    yield from ((number, 0, 1) for number in range(len(SHAPES)))


async def host(ctx, design: TwoLayers, commands: Iterator[tuple[int, ...]]) -> None:
    """Write and commit as fast as the ports let it."""
    access, select = design.access, design.select
    words = (access.select, access.address, access.data)
    for command in commands:
        trigger = access.write if command else select.commit
        while ctx.get(access.busy) or (not command and not ctx.get(select.settled)):
            await ctx.posedge(design.clk)
        for signal, value in zip(words, command, strict=False):
            ctx.set(signal, value)
        ctx.set(trigger, 1)
        await ctx.posedge(design.clk)
        ctx.set(trigger, 0)


@pytest.mark.parametrize("pauses", [0.0, 0.9])
@pytest.mark.parametrize("frozen", [0.0, 0.6])
def test_no_window_mixes_two_models(frozen: float, pauses: float) -> None:
    rng = np.random.default_rng(7)
    models = [[draw_codes(rng, FORMAT, *shape) for shape in SHAPES] for _ in range(6)]
    design = TwoLayers(models[0])
    done: list[bool] = []
    used: list[int] = []
    checked = 0

    async def writer(ctx) -> None:
        await host(ctx, design, script(design, models[1:]))
        done.append(True)

    async def clock(ctx) -> None:
        nonlocal checked
        # What was read `age` enabled cycles ago, newest last: (model, row), or None.
        history: list[tuple[int, int] | None] = [None] * (LAG + 2)
        row, committed, model = ROWS, 0, 0
        for _ in range(4000):
            begins = row >= ROWS and rng.random() >= pauses
            reads = begins or row < ROWS
            row = 0 if begins else row
            enable = rng.random() >= frozen
            ctx.set(design.enable, enable)
            ctx.set(design.select.boundary, begins)
            ctx.set(design.en, reads)
            ctx.set(design.noise, int(rng.integers(2)))
            ctx.set(design.row, row if reads else int(rng.integers(ROWS)))
            for k, layer in enumerate(design.layers):
                read = history[-1 - k * LAG]
                if read is not None and read[1] < SHAPES[k][0]:
                    weights = [ctx.get(layer.data[lane]) for lane in range(SHAPES[k][1])]
                    expected = models[read[0]][k][read[1]].tolist()
                    assert weights == expected, f"model {read[0]}, layer {k}, row {read[1]}"
                    checked += 1
            if enable:
                model = committed if begins else model
                used.append(model)
                history = [*history[1:], (model, row) if reads else None]
                row += reads
            elif begins:
                row = ROWS
            committed += ctx.get(design.select.commit)
            for level in (1, 0):
                ctx.set(design.clk, level)
                await ctx.delay(1e-9)

    simulator = Simulator(design)
    simulator.add_testbench(clock)
    simulator.add_testbench(writer, background=True)
    simulator.run()
    assert done, "the host did not get its last word through"
    assert set(used) == set(range(len(models)))
    assert checked > 500


def test_commit_waits_for_all_layers() -> None:
    select = ModelSelect()
    design = Module()
    design.domains += [ClockDomain("sync"), ClockDomain("host")]
    design.submodules.select = select

    async def bench(ctx) -> None:
        for settled in (0, 1):
            ctx.set(select.settled, settled)
            ctx.set(select.commit, 1)
            await ctx.tick("host")
            assert ctx.get(select.target) == settled

    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    simulator.add_clock(1e-6, domain="host")
    simulator.add_testbench(bench)
    simulator.run()
