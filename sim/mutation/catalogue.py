"""The designs that are mutated: small, so that a mutant takes a second, each block in use."""

from dataclasses import replace

import numpy as np

from hw.function.qkeras import real_sigmoid, real_tanh
from hw.function.quantizer import Function, Quantizer
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.dense.dense import Dense
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.shape.flatten import Flatten
from hw.network.graph import Network, Node
from hw.network.mode import Mode
from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.stream import Port
from sim.mutation.subject import ACTIVATIONS, JOINS, REGISTERS, STREAM, Subject

STEPS = 3


def _saturating(width: int, integer: int, signed: bool = True) -> FixedPoint:
    return FixedPoint(width, integer, signed, Rounding.RND_CONV, Overflow.SAT)


CODE, WEIGHT, WIDE = _saturating(5, 2), _saturating(4, 1), _saturating(9, 4)
GATE = Quantizer(Function.HARD_SIGMOID, _saturating(5, 0, signed=False))
HARD_TANH = Quantizer(Function.HARD_TANH, _saturating(5, 1))
NARROW = Quantizer(Function.LINEAR, CODE)


def _weights(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(WEIGHT.minimum, WEIGHT.maximum + 1, shape)


def _dense(
    n_in: int, n_out: int, source: FixedPoint, reuse: int, skip_zeros: bool = False
) -> Dense:
    kernel, bias = _weights(n_in, n_in, n_out), _weights(n_out, n_out)
    return Dense(kernel, bias, source, WEIGHT, WEIGHT, reuse, skip_zeros=skip_zeros)


def dense() -> Network:
    """Return a folded layer, and one that skips zeros; no bit of a sum is lost."""
    first = _dense(2 * STEPS, 4, CODE, 6)
    nodes = (
        Node("flat", Flatten(STEPS, 2, CODE), ("x",)),
        Node("hidden", first, ("flat",)),
        Node("result", _dense(4, 3, first.outputs[0].format, 4, skip_zeros=True), ("hidden",)),
    )
    return Network("dense", (Port("x", 2, CODE, STEPS),), nodes, ("result",))


def activations() -> Network:
    """Return a quantizer, piecewise linear functions, a searched and a looked-up staircase."""
    functions = {
        "narrow": (WIDE, NARROW),
        "squash": (WIDE, real_tanh(4)),
        "gate": (CODE, real_sigmoid(4)),
        "clip": (WIDE, HARD_TANH),
        "open": (WIDE, GATE),
    }
    nodes = tuple(
        Node(name, Activation(1, source, function), ("narrow" if source is CODE else "x",))
        for name, (source, function) in functions.items()
    )
    outputs = tuple(name for name in functions if name != "narrow")
    return Network("activations", (Port("x", 1, WIDE),), nodes, outputs)


def counted() -> Network:
    """Return a quantizer that often saturates, which registers count."""
    node = Node("narrow", Activation(1, WIDE, NARROW, STEPS), ("x",))
    return Network("counted", (Port("x", 1, WIDE, STEPS),), (node,), ("narrow",))


def lstm() -> Network:
    """Return an LSTM with two pools of multipliers."""
    units = 3
    layer = LSTM(
        _weights(1, 2, 4 * units), _weights(2, units, 4 * units), _weights(3, 4 * units),
        CODE, WEIGHT, WEIGHT, WEIGHT, CODE, HARD_TANH, GATE, STEPS,
        input_reuse=4, recurrent_reuse=6,
    )  # fmt: skip
    return _alone("lstm", layer)


def gru() -> Network:
    """Return a GRU with one pool of multipliers."""
    units = 3
    layer = GRU(
        _weights(4, 2, 3 * units), _weights(5, units, 3 * units), _weights(6, 3 * units),
        _weights(7, 3 * units), CODE, WEIGHT, WEIGHT, WEIGHT, CODE, HARD_TANH, GATE, True, STEPS,
        multipliers=6,
    )  # fmt: skip
    return _alone("gru", layer)


def _alone(name: str, layer: LSTM | GRU) -> Network:
    return Network(name, (Port("x", 2, CODE, STEPS),), (Node(name, layer, ("x",)),), (name,))


def residual() -> Network:
    """Return each beat plus what a slow layer makes of it: early beats wait in a queue."""
    slow = replace(_dense(2, 2, CODE, 3), steps=STEPS)
    wide = slow.outputs[0].format
    nodes = (
        Node("slow", slow, ("x",)),
        Node("y", Add(2, (CODE, wide), (1, 1), STEPS), ("x", "slow")),
    )
    return Network("residual", (Port("x", 2, CODE, STEPS),), nodes, ("y",))


def two_inputs() -> Network:
    """Return a series plus a value of its window, and the sum of the series: two ways out."""
    nodes = (
        Node("shifted", Add(1, (CODE, CODE), (1, 1), STEPS, (1,)), ("x", "bias")),
        Node("total", WindowSum(STEPS, 1, CODE), ("x",)),
    )
    ports = Port("x", 1, CODE, STEPS), Port("bias", 1, CODE)
    return Network("two", ports, nodes, ("shifted", "total"))


def sliding() -> Network:
    """Return the sum of the last samples for every new one."""
    node = Node("total", WindowSum(STEPS, 1, CODE), ("x",))
    return Network("sliding", (Port("x", 1, CODE, STEPS),), (node,), ("total",), mode=Mode.SLIDING)


def interleaved() -> Network:
    """Return an LSTM whose series take turns."""
    units, series = 2, 3
    layer = LSTM(
        _weights(8, 1, 4 * units), _weights(9, units, 4 * units), _weights(10, 4 * units),
        CODE, WEIGHT, WEIGHT, WEIGHT, CODE, HARD_TANH, GATE, STEPS,
        multipliers=8, series=series,
    )  # fmt: skip
    port = Port("x", 1, CODE, STEPS, series)
    return Network("interleaved", (port,), (Node("lstm", layer, ("x",)),), ("lstm",))


SUBJECTS = (
    Subject("dense", dense, {"dense": 160, STREAM: 30}, rows=128, quick=20),
    Subject("activations", activations, {ACTIVATIONS: 160}, rows=512),
    Subject("registers", counted, {REGISTERS: 200}, control=True, rows=12, quick=20),
    Subject("LSTM", lstm, {"LSTM": 160, STREAM: 30}, rows=128),
    Subject("GRU", gru, {"GRU": 160, STREAM: 30}, rows=128),
    Subject("residual", residual, {JOINS: 80, STREAM: 30}, quick=20),
    Subject("two inputs, two outputs", two_inputs, {JOINS: 60, STREAM: 40}),
    Subject("sliding", sliding, {STREAM: 60}, rows=8, length=20),
    Subject("interleaved series", interleaved, {STREAM: 60}, rows=24),
)
"""No recurrent layer is in the slice of every submission: two or three in a hundred of their
mutants live, and no proof of those ends in its minutes. One of them in a slice of a hundred is more
than may be missed, so any change of the netlist, which draws other mutants, could end it with 1.
"""
