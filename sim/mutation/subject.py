"""Whose mutants are made: a small network, and how many mutants of each of its blocks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Fragment, Shape
from amaranth.lib.wiring import In

from hw.layer.dense.dense import Dense
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.network.checks import identifier
from hw.network.graph import Network, Node
from hw.stream import Port
from hw.top.axi import Accelerator
from sim.coverage.windows import directed_windows

STREAM, JOINS, REGISTERS, ACTIVATIONS = "stream", "joins", "registers", "activations"
_KINDS = {Dense: "dense", LSTM: "LSTM", GRU: "GRU"}


@dataclass(frozen=True)
class Pin:
    """A port of the top."""

    name: str
    width: int
    is_input: bool


@dataclass(frozen=True)
class Subject:
    """A design that is mutated.

    Parameters
    ----------
    name
        What it is called in the table.
    make
        Makes the network.
    counts
        Mutants of each kind of block.
    control
        Whether it has registers behind AXI4-Lite.
    rows, length
        Windows or series that the testbench gets, and beats of each; ``None``: a window's.
    quick
        Mutants of each kind in the slice that every submission runs.
    """

    name: str
    make: Callable[[], Network]
    counts: Mapping[str, int]
    control: bool = False
    rows: int = 32
    length: int | None = None
    quick: int = 0

    @cached_property
    def network(self) -> Network:
        """The network, made once."""
        return self.make()

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Patterns of the modules of each kind; later ones win."""
        nodes = self.network.nodes
        return [
            (STREAM, "*"),
            *((_kind(node), f"accelerator.core.{identifier(node.name)}*") for node in nodes),
            *((JOINS, f"accelerator.core.{identifier(node.name)}_join*") for node in nodes),
            (JOINS, "accelerator.core.side_inputs*"),
            (REGISTERS, "accelerator.control*"),
        ]

    @cached_property
    def pins(self) -> list[Pin]:
        """The ports of the top."""
        top = Accelerator(self.network, self.control)
        Fragment.get(top, None)  # Amaranth warns of what is never elaborated.
        members = top.signature.members
        return [
            Pin(name, Shape.cast(member.shape).width, member.flow is In)
            for name, member in members.items()
        ]

    @cached_property
    def codes(self) -> tuple[np.ndarray, ...]:
        """What is sent to each input.

        Codes of the whole range, each as often as any other, and in one window of four only the
        ends of the range, in another one the same beat all the time; behind them what the shipped
        testbench adds itself.
        """
        rng = np.random.default_rng(1)
        drawn = tuple(_codes(port, self._shape(port), rng) for port in self.network.inputs)
        further = directed_windows(self.network, drawn, 1)
        return tuple(np.concatenate(pair) for pair in zip(drawn, further, strict=True))

    def _shape(self, port: Port) -> tuple[int, ...]:
        beats = () if port.steps is None else (self.length or port.steps,)
        return (self.rows, *beats, port.channels)


def _codes(port: Port, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    low, high = port.format.minimum, port.format.maximum
    codes = rng.permutation(np.resize(np.arange(low, high + 1), shape).ravel()).reshape(shape)
    if port.steps is not None:
        codes[1::4] = rng.choice((low, high), codes[1::4].shape)
        codes[3::4] = codes[3::4, :1]
    return codes


def _kind(node: Node) -> str:
    return _KINDS.get(type(node.spec), ACTIVATIONS)
