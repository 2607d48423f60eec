"""Recurrent layers, unrolled in time: every step is a copy of the cell on the same weights."""

from typing import Any

import numpy as np

from accel.export.functions import apply
from accel.export.operations import Operations
from hw.layer.dense.dense import Dense
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shared_lstm.shared_lstm import SharedLSTM
from hw.number.fixed_point import FixedPoint


def refolded_lstm(
    ops: Operations[Any], spec: SharedLSTM | UnrolledLSTM, sources: list[Any], name: str
) -> Any:
    """An `LSTM` in other hardware."""
    return lstm(ops, spec.layer, sources, name)


def lstm(ops: Operations[Any], spec: LSTM, sources: list[Any], name: str) -> Any:
    """`LSTM`."""
    units, projected = spec.units, _projected(ops, spec.input_product, sources[0])
    recurrent = ops.weights(spec.recurrent_kernel, spec.recurrent_format)
    state = cell = None
    hidden: list[Any] = []
    for step in range(spec.steps):
        z = _at(ops, projected, step)
        if state is not None:
            z = ops.add(z, ops.matmul(state, recurrent))
        parts = [_columns(ops, z, gate * units, units) for gate in range(4)]
        i, f, o = (
            apply(ops, spec.recurrent_activation, parts[gate], spec.sum, name) for gate in (0, 1, 3)
        )
        carry = ops.multiply(i, apply(ops, spec.activation, parts[2], spec.sum, name))
        if cell is not None:
            carry = ops.add(ops.multiply(f, cell), carry)
        hidden.append(ops.multiply(o, apply(ops, spec.activation, carry, spec.carry, name)))
        state = ops.quantize(hidden[-1], spec.hidden, spec.state, name)
        cell = ops.quantize(carry, spec.carry, spec.state, name)
    return _results(ops, hidden, units, spec.return_sequences)


def gru(ops: Operations[Any], spec: GRU, sources: list[Any], name: str) -> Any:
    """`GRU`, reset before or after the product."""
    units, projected = spec.units, _projected(ops, spec.input_product, sources[0])
    format = spec.recurrent_format
    gates = ops.weights(spec.recurrent_kernel[:, : 2 * units], format)
    candidate = ops.weights(spec.recurrent_kernel[:, 2 * units :], format)
    late = ops.weights(spec.recurrent_bias[2 * units :], spec.bias_format)
    one, minus = ops.constant(np.array(1.0)), ops.constant(np.array(-1.0))
    state = ops.constant(np.zeros((1, units)))
    hidden: list[Any] = []
    for step in range(spec.steps):
        x = _at(ops, projected, step)
        z_and_r = _columns(ops, x, 0, 2 * units)
        if step:
            z_and_r = ops.add(z_and_r, ops.matmul(state, gates))
        both = apply(ops, spec.recurrent_activation, z_and_r, spec.sum, name)
        z, r = _columns(ops, both, 0, units), _columns(ops, both, units, units)
        if spec.reset_after:
            reset = ops.multiply(r, ops.add(ops.matmul(state, candidate), late))
        else:
            reset = ops.matmul(ops.multiply(r, state), candidate)
        total = ops.add(_columns(ops, x, 2 * units, units), reset)
        g = apply(ops, spec.activation, total, spec.candidate_sum, name)
        rest = ops.add(one, ops.multiply(z, minus))
        hidden.append(ops.add(ops.multiply(z, state), ops.multiply(rest, g)))
        state = ops.quantize(hidden[-1], spec.hidden, spec.state, name)
    return _results(ops, hidden, units, spec.return_sequences)


def simple_rnn(ops: Operations[Any], spec: SimpleRNN, sources: list[Any], name: str) -> Any:
    """`SimpleRNN`."""
    projected = _projected(ops, spec.input_product, sources[0])
    recurrent = ops.weights(spec.recurrent_kernel, spec.recurrent_format)
    state: Any = None
    hidden: list[Any] = []
    for step in range(spec.steps):
        total = _at(ops, projected, step)
        if state is not None:
            total = ops.add(total, ops.matmul(state, recurrent))
        hidden.append(apply(ops, spec.activation, total, spec.sum, name))
        state = ops.quantize(hidden[-1], _hidden(spec), spec.state, name)
    return _results(ops, hidden, spec.units, spec.return_sequences)


def _hidden(spec: SimpleRNN) -> FixedPoint:
    return spec.activation.result_format(spec.sum)


def _projected(ops: Operations[Any], product: Dense, x: Any) -> Any:
    total = ops.matmul(x, ops.weights(product.kernel, product.kernel_format))
    return ops.add(total, ops.weights(product.bias, product.bias_format))


def _at(ops: Operations[Any], x: Any, step: int) -> Any:
    return ops.take(x, np.array(step), 1)


def _columns(ops: Operations[Any], x: Any, first: int, count: int) -> Any:
    return ops.take(x, np.arange(first, first + count), -1)


def _results(ops: Operations[Any], hidden: list[Any], units: int, sequences: bool) -> Any:
    if not sequences:
        return hidden[-1]
    return ops.concatenate([ops.reshape(h, (1, units)) for h in hidden], 1)
