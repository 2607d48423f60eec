"""Where weights lie: what each synthesizer makes of it, and the cycles of each choice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import GRU, LSTM, Add, Dense, FixedPoint, Network, Node, Port, SharedDense, SharedLayer
from hw.block import Spec
from hw.product.storage import Storage
from hw.top.axi import accelerator_verilog
from tests.bench_hw.families import FAMILIES, Family, cells
from tests.hw.drawing import draw_codes
from tests.hw.recurrent_shapes import recurrent_layer
from tests.hw.streaming import check_block

GRID = FixedPoint(6, 2)
LAYERS = ("dense", "sparse", "shared", "lstm", "gru_after", "gru_before")


def draw_dense(skip_zeros: bool = False) -> Dense:
    rng = np.random.default_rng(1)
    kernel = draw_codes(rng, GRID, 3, 12)
    return Dense(
        kernel, draw_codes(rng, GRID, 12), GRID, GRID, GRID, reuse=18, skip_zeros=skip_zeros
    )


def draw_spec(kind: str) -> Dense | SharedDense | LSTM | GRU:
    dense = draw_dense(skip_zeros=kind == "sparse")
    if kind in ("dense", "sparse"):
        return dense
    if kind == "shared":
        return SharedDense((SharedLayer(dense.kernel, dense.bias, GRID, GRID),), GRID, 2)
    layer = recurrent_layer(kind, 3, 3, steps=2, seed=2, multipliers=2)
    assert isinstance(layer, (LSTM, GRU))
    return layer


@pytest.mark.parametrize("storage", list(Storage))
@pytest.mark.parametrize("kind", LAYERS)
def test_cycles_of_every_choice(kind: str, storage: Storage) -> None:
    spec: Spec = replace(draw_spec(kind), storage=storage)
    check_block(spec, np.random.default_rng(3), gaps=False)
    base = replace(draw_spec(kind), storage=Storage.ROM).timing
    later = spec.timing.latency_cycles - base.latency_cycles
    assert later in ((0, 1) if storage is Storage.AUTO else (storage is Storage.BLOCK_RAM,))
    assert spec.timing.interval_cycles == base.interval_cycles


def test_what_is_worth_a_block_ram() -> None:
    assert not Storage.AUTO.in_block_ram(16, 1000)
    assert not Storage.AUTO.in_block_ram(17, 30)
    assert Storage.AUTO.in_block_ram(17, 31)


def test_one_word_is_no_memory() -> None:
    for storage in Storage:
        assert not storage.in_block_ram(1, 10_000)
    spec = replace(draw_dense(), reuse=1, storage=Storage.BLOCK_RAM)
    check_block(spec, np.random.default_rng(3), gaps=False)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_synthesis_uses_what_was_asked_for(family: Family, tmp_path: Path) -> None:
    """Two layers alike but for the storage, and one of them has a block RAM."""
    specs = [replace(draw_dense(), storage=s) for s in (Storage.ROM, Storage.BLOCK_RAM)]
    nodes = [Node(f"dense{i}", spec, ("input",)) for i, spec in enumerate(specs)]
    joined = Add(12, (specs[0].output,) * 2, (1, -1))
    network = Network(
        "storages",
        (Port("input", 3, GRID),),
        (*nodes, Node("sum", joined, tuple(node.name for node in nodes))),
        ("sum",),
    )
    counts = cells(accelerator_verilog(network), family, tmp_path)
    assert family.count(counts, family.block_ram) == 1
