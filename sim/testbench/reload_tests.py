"""The test that cocotb runs on an accelerator with reloadable weights, through its AXI4-Lite port.

The name is that in `sim.cocotb_runner.RELOAD_TESTS`. It comes last: the design ends up with
another model than it began with.
"""

from dataclasses import replace

import cocotb
import numpy as np
from cocotb.handle import HierarchyObject

from hw.block import Spec
from hw.control.map import ADDRESS_BITS
from hw.control.reload import model_writes, shape_fingerprint
from hw.network.graph import Network
from hw.product.model_store import array_fields, with_arrays
from sim.testbench.bench import Bench
from sim.testbench.case import Case
from sim.testbench.host import Registers
from sim.testbench.scoreboard import Scoreboard

COMMIT = 1 << 3
WRITE = 1 << 31
BUSY, PENDING, REFUSED, TARGET = (1 << bit for bit in range(4))
MODELS = 2
AHEAD = 3
"""Windows that wait at the source."""


def shuffled(network: Network, seed: int) -> Network:
    """Return a network of the same shape: the weights of `network` in another order."""
    rng = np.random.default_rng(seed)
    moved = {
        node.name: replace(node, spec=_shuffled(node.spec, rng)) for node in network.reloadable
    }
    return replace(network, nodes=tuple(moved.get(node.name, node) for node in network.nodes))


def _shuffled(spec: Spec, rng: np.random.Generator) -> Spec:
    arrays = array_fields(spec)
    moved = {name: rng.permutation(a.ravel()).reshape(a.shape) for name, a in arrays.items()}
    return with_arrays(spec, moved)


async def load(host: Registers, network: Network, model: Network) -> None:
    """Do what docs/control.md tells a host to do."""
    digits = [f"{await host.read(f'shape_hash{i}'):08x}" for i in range(4)]
    assert "".join(digits) == shape_fingerprint(model)[:32]
    memory = None
    for word in model_writes(network, model):
        if memory != word.memory:
            memory = word.memory
            await host.write("memory_select", memory)
        assert word.address < 1 << ADDRESS_BITS
        await host.write("memory_data_low", word.data & 0xFFFFFFFF)
        if word.data >> 32:
            await host.write("memory_data_high", word.data >> 32)
        await host.write("memory_command", WRITE | word.address)
        while await host.read("memory_status") & BUSY:
            pass
    before = await host.read("memory_status")
    while before & PENDING:
        before = await host.read("memory_status")
    await host.write("control", COMMIT)
    status = await host.read("memory_status")
    assert not status & REFUSED, "a word or the commit was refused"
    assert (status ^ before) & TARGET, "the commit did not change the target"


@cocotb.test()
async def reload(dut: HierarchyObject) -> None:
    """Models are loaded while windows go through: each window is of one, and none goes back."""
    case = Case.from_environment()
    bench, scoreboard = Bench(dut, case, 0.2, 0.3), Scoreboard(case)
    host = Registers(bench, 0.2)
    await bench.reset()
    network = case.plain
    models = [network, *(shuffled(network, case.seed + k) for k in range(MODELS))]
    expected = [model.reference(case.codes) for model in models]

    async def load_all() -> None:
        for model in models[1:]:
            await load(host, network, model)

    loading = cocotb.start_soon(load_all())
    epoch = taken = left = 0
    sent = 0
    while left < 2 * AHEAD:
        while sent < taken + AHEAD:
            bench.send(sent % len(case.codes))
            sent += 1
        window = taken % len(case.codes)
        forecast = await bench.receive()
        if forecast != expected[epoch][window].ravel().tolist() and epoch < MODELS:
            epoch += 1
        wanted = expected[epoch][window].ravel().tolist()
        assert forecast == wanted, f"forecast {taken} is that of no model, or of an old one"
        scoreboard.windows += 1
        scoreboard.values += len(forecast)
        taken += 1
        left += loading.done()
    loading.result()
    assert epoch == MODELS, f"after {MODELS} commits, model {epoch} answers"
    scoreboard.finish(bench, "reload")
