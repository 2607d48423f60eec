"""The hardware library: fixed-point blocks with exact references, cycle contracts and RTL."""

from hw.errors import ChronogateError
from hw.function.leaky_relu import LeakyRelu
from hw.function.quantizer import Function, Quantizer
from hw.function.quotient import Quotient
from hw.function.staircase import Staircase
from hw.function.table import Table
from hw.layer.activation import Activation
from hw.layer.add import Add
from hw.layer.batch_normalization import BatchNormalization
from hw.layer.concatenate import Concatenate
from hw.layer.conv1d import Conv1D
from hw.layer.crop import Crop
from hw.layer.delta import delta
from hw.layer.delta_gru import DeltaGRU
from hw.layer.delta_lstm import DeltaLSTM
from hw.layer.dense import Dense
from hw.layer.depthwise_conv1d import DepthwiseConv1D
from hw.layer.flatten import Flatten
from hw.layer.gru import GRU
from hw.layer.lstm import LSTM
from hw.layer.moving_average import MovingAverage
from hw.layer.multiply import Multiply
from hw.layer.pool import Pool
from hw.layer.pooling import AveragePooling, MaxPooling
from hw.layer.receptive_field import Padding
from hw.layer.replay import Replay
from hw.layer.select import Select
from hw.layer.shared_dense import SharedDense
from hw.layer.shared_layer import SharedLayer
from hw.layer.shared_lstm import SharedLSTM
from hw.layer.simple_rnn import SimpleRNN
from hw.layer.unflatten import Unflatten
from hw.layer.unrolled_dense import UnrolledDense
from hw.layer.unrolled_lstm import UnrolledLSTM
from hw.layer.window_sum import WindowSum
from hw.network.gated import GatedForecast, GatedNetwork
from hw.network.graph import Network, Node
from hw.network.metadata import Feature, Metadata
from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.product.storage import Storage
from hw.stream import Port
from hw.timing import BlockTiming, LayerTiming, NetworkTiming

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "Add",
    "AveragePooling",
    "BatchNormalization",
    "BlockTiming",
    "ChronogateError",
    "Concatenate",
    "Conv1D",
    "Crop",
    "DeltaGRU",
    "DeltaLSTM",
    "Dense",
    "DepthwiseConv1D",
    "Feature",
    "FixedPoint",
    "Flatten",
    "Function",
    "GatedForecast",
    "GatedNetwork",
    "LayerTiming",
    "LeakyRelu",
    "MaxPooling",
    "Metadata",
    "MovingAverage",
    "Multiply",
    "Network",
    "NetworkTiming",
    "Node",
    "Overflow",
    "Padding",
    "Pool",
    "Port",
    "Quantizer",
    "Quotient",
    "Replay",
    "Rounding",
    "Select",
    "SharedDense",
    "SharedLSTM",
    "SharedLayer",
    "SimpleRNN",
    "Staircase",
    "Storage",
    "Table",
    "Unflatten",
    "UnrolledDense",
    "UnrolledLSTM",
    "WindowSum",
    "delta",
]
