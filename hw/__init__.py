"""The hardware library: fixed-point blocks with exact references, cycle contracts and RTL."""

from hw.errors import ChronogateError
from hw.function.leaky_relu import LeakyRelu
from hw.function.quantizer import Function, Quantizer
from hw.function.quotient import Quotient
from hw.function.staircase import Staircase
from hw.function.table import Table
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.convolution.moving_average import MovingAverage
from hw.layer.convolution.pool import Pool
from hw.layer.convolution.pooling import AveragePooling, MaxPooling
from hw.layer.convolution.receptive_field import Padding
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.delta.delta import delta
from hw.layer.delta.gru import DeltaGRU
from hw.layer.delta.lstm import DeltaLSTM
from hw.layer.dense.dense import Dense
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.dense.shared_layer import SharedLayer
from hw.layer.dense.unrolled_dense import UnrolledDense
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.multiply import Multiply
from hw.layer.elementwise.select import Select
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shape.crop import Crop
from hw.layer.shape.flatten import Flatten
from hw.layer.shape.replay import Replay
from hw.layer.shape.unflatten import Unflatten
from hw.layer.shared_lstm.shared_lstm import SharedLSTM
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
