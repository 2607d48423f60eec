"""The hardware library: fixed-point blocks with exact references, cycle contracts and RTL."""

from hw.activation import Activation, Function, Quantizer
from hw.dense import Dense
from hw.errors import ChronogateError
from hw.fixed_point import FixedPoint, Overflow, Rounding
from hw.flatten import Flatten
from hw.gru import GRU
from hw.lstm import LSTM
from hw.metadata import Feature, Metadata
from hw.network import Network, Node
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
]
