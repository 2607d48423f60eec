"""Time, memory and text of writing the Verilog of folded networks, each in a process of its own."""

import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from hw import (
    Activation,
    Dense,
    FixedPoint,
    Function,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
)
from hw.block import Spec
from hw.top.axi import accelerator_verilog
from tests.hw.recurrent_shapes import GATES, GRID, recurrent_layer

WEIGHT = FixedPoint(8, 1)
RELU = Quantizer(Function.LINEAR, FixedPoint(8, 2, False, Rounding.RND_CONV, Overflow.SAT))
POOL = 64
INPUTS = 16


@dataclass(frozen=True)
class Generated:
    """The Verilog of one network.

    Parameters
    ----------
    name, weights, multipliers, cycles
        Of the network; cycles from one window, or time step, to the next.
    seconds
        To write it, building the network not counted.
    peak_mib
        Most memory of Python and, added to it, of the Yosys that Amaranth runs.
    verilog
        The text.
    """

    name: str
    weights: int
    multipliers: int
    cycles: int
    seconds: float
    peak_mib: float
    verilog: str


def mlp(sizes: tuple[int, ...]) -> Network:
    """Return dense layers with random weights, each folded to one pool's worth of multipliers."""
    rng = np.random.default_rng(1)
    nodes: list[Node] = []
    port = Port("input", sizes[0], GRID)

    def append(name: str, spec: Spec) -> Port:
        nodes.append(Node(name, spec, (nodes[-1].name if nodes else "input",)))
        return spec.outputs[0]

    source = port
    for layer, n_out in enumerate(sizes[1:]):
        kernel = rng.integers(-127, 128, (source.channels, n_out))
        bias = rng.integers(-127, 128, n_out)
        reuse = -(-kernel.size // POOL)
        dense = Dense(kernel, bias, source.format, WEIGHT, WEIGHT, reuse)
        source = append(f"dense{layer}", dense)
        source = append(f"relu{layer}", Activation(n_out, source.format, RELU))
    return Network("mlp", (port,), tuple(nodes), (nodes[-1].name,))


def recurrent(kind: str, units: int) -> Network:
    """Return one recurrent layer on one pool."""
    spec = recurrent_layer(kind, INPUTS, units, seed=1, multipliers=POOL)
    port = Port("input", INPUTS, GRID, spec.steps)
    return Network(kind, (port,), (Node(kind, spec, ("input",)),), (kind,))


def units_for(kind: str, weights: int) -> int:
    """Return the fewest units of a layer that has so many weights."""
    units = 1
    while GATES[kind] * units * (INPUTS + units) < weights:
        units += 1
    return units


def generate(kind: str, size: tuple[int, ...]) -> Generated:
    """Write the Verilog of an MLP with these layers or a recurrent layer with these units."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_generate, kind, size).result()


def _generate(kind: str, size: tuple[int, ...]) -> Generated:
    network = mlp(size) if kind == "mlp" else recurrent(kind, size[0])
    start = time.perf_counter()
    verilog = accelerator_verilog(network)
    seconds = time.perf_counter() - start
    peaks = (
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    layers = network.timing.layers
    name = f"{kind} {'-'.join(str(s) for s in size)}"
    return Generated(
        name,
        sum(_weights(node.spec) for node in network.nodes),
        sum(layer.multipliers for layer in layers),
        network.timing.step_cycles,
        seconds,
        sum(peaks) / 1024,
        verilog,
    )


def _weights(spec: Spec) -> int:
    kernels = (getattr(spec, name, None) for name in ("kernel", "recurrent_kernel"))
    return sum(kernel.size for kernel in kernels if kernel is not None)
