"""The hardware library: fixed-point blocks with exact references, cycle contracts and RTL."""

from hw.errors import ChronogateError
from hw.function.quantizer import Function, Quantizer
from hw.layer.activation import Activation
from hw.layer.dense import Dense
from hw.layer.flatten import Flatten
from hw.layer.gru import GRU
from hw.layer.lstm import LSTM
from hw.layer.simple_rnn import SimpleRNN
from hw.network.graph import Network, Node
from hw.network.metadata import Feature, Metadata
from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.stream import Port
from hw.timing import BlockTiming, LayerTiming, NetworkTiming

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "BlockTiming",
    "ChronogateError",
    "Dense",
    "Feature",
    "FixedPoint",
    "Flatten",
    "Function",
    "LayerTiming",
    "Metadata",
    "Network",
    "NetworkTiming",
    "Node",
    "Overflow",
    "Port",
    "Quantizer",
    "Rounding",
    "SimpleRNN",
]
