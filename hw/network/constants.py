"""Channels that never change, taken into the biases of what reads them.

A unit without weights gives a constant, its bias behind whatever follows. A product with a constant
is one, too, and belongs to the bias of the layer behind; the bias gets the grid of the products for
it, which is that of the layer's sums already, so no sum changes.
"""

from dataclasses import dataclass, replace

import numpy as np

from hw.block import Spec
from hw.layer.dense.dense import Dense
from hw.layer.dense.unrolled_dense import UnrolledDense
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.layer.elementwise.select import Select
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shape.flatten import Flatten
from hw.layer.shared_lstm.shared_lstm import SharedLSTM
from hw.network.channels import adapted, along, is_fixed
from hw.network.graph import Network
from hw.number.fixed_point import FixedPoint

Biased = Dense | UnrolledDense | LSTM | GRU | SimpleRNN | SharedLSTM | UnrolledLSTM


@dataclass(frozen=True)
class Constants:
    """Which channels of a port are constant, bool ``(C,)``, and their int64 codes, else zero."""

    mask: np.ndarray
    codes: np.ndarray

    @classmethod
    def none(cls, channels: int) -> "Constants":
        return cls(np.zeros(channels, dtype=bool), np.zeros(channels, dtype=np.int64))


def fold_constants(network: Network) -> Network:
    """Return the network with weights of constant inputs moved into biases."""
    constants = {port.name: Constants.none(port.channels) for port in network.inputs}
    formats = {port.name: port.format for port in network.inputs}
    nodes = []
    for node in network.nodes:
        given = [constants[name] for name in node.inputs]
        spec = adapted(node.spec, [formats[name] for name in node.inputs])
        spec = _absorbed(spec, given[0])
        constants[node.name] = _constants(spec, given[0])
        formats[node.name] = spec.outputs[0].format
        nodes.append(replace(node, spec=spec))
    return replace(network, nodes=tuple(nodes))


def _constants(spec: Spec, given: Constants) -> Constants:
    """Return what of a block's output is constant."""
    match spec:
        case _ if is_fixed(spec):
            pass
        case Dense() | UnrolledDense():
            mask = ~along(spec.kernel, 0)
            return Constants(mask, np.where(mask, spec.aligned_bias, 0))
        case Activation():
            codes = spec.function.apply(given.codes, spec.input)
            return Constants(given.mask, np.where(given.mask, codes, 0))
        case BatchNormalization():
            mask = given.mask | (spec.scale == 0)
            return Constants(mask, np.where(mask, spec.reference(given.codes), 0))
        case Flatten():
            return Constants(*(np.tile(part, spec.steps) for part in (given.mask, given.codes)))
        case Select():
            order = np.array(spec.order)
            return Constants(given.mask[order], given.codes[order])
        case _:
            pass
    return Constants.none(spec.outputs[0].channels)


def _absorbed(spec: Spec, given: Constants) -> Spec:
    """Return a block without weights for constant inputs."""
    if is_fixed(spec) or not isinstance(spec, Biased):
        return spec
    read = given.mask & along(spec.kernel, 1)
    after = isinstance(spec, GRU) and spec.reset_after
    if not read.any() or after:  # There the format of both biases reaches into the cell.
        return spec
    added = given.codes[read].astype(object) @ spec.kernel[read].astype(object)
    products = spec.input.fraction + spec.kernel_format.fraction
    fraction = max(products, spec.bias_format.fraction)
    bias = (spec.bias.astype(object) << (fraction - spec.bias_format.fraction)) + (
        added << (fraction - products)
    )
    return replace(
        spec,
        kernel=np.where(read[:, np.newaxis], 0, spec.kernel),
        bias=bias.astype(np.int64),
        bias_format=FixedPoint.covering(int(bias.min()), int(bias.max()), fraction),
    )
