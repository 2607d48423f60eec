"""Which handler takes which layer."""

from accel.conversion.check import EXTENSIONS
from accel.conversion.layers.activation import activation, leaky_relu, relu
from accel.conversion.layers.bidirectional import bidirectional
from accel.conversion.layers.common import Handler
from accel.conversion.layers.convolution import conv1d, depthwise_conv1d, separable_conv1d
from accel.conversion.layers.dense import dense, time_distributed
from accel.conversion.layers.merge import add, average, concatenate, multiply, subtract
from accel.conversion.layers.normalization import batch_normalization
from accel.conversion.layers.pooling import average_pooling, max_pooling
from accel.conversion.layers.recurrent import cell_state, recurrent
from accel.conversion.layers.shape import cropping, flatten, permute, repeat_vector, reshape
from hw.errors import ChronogateError

HANDLERS: dict[str, Handler] = {
    "QActivation": activation,
    "LeakyReLU": leaky_relu,
    "ReLU": relu,
    "Dense": dense,
    "QDense": dense,
    "TimeDistributed": time_distributed,
    "QSimpleRNN": recurrent,
    "QLSTM": recurrent,
    "QGRU": recurrent,
    "CellState": cell_state,
    "Bidirectional": bidirectional,
    "QBidirectional": bidirectional,
    "Conv1D": conv1d,
    "QConv1D": conv1d,
    "DepthwiseConv1D": depthwise_conv1d,
    "SeparableConv1D": separable_conv1d,
    "QSeparableConv1D": separable_conv1d,
    "MaxPooling1D": max_pooling,
    "GlobalMaxPooling1D": max_pooling,
    "AveragePooling1D": average_pooling,
    "GlobalAveragePooling1D": average_pooling,
    "BatchNormalization": batch_normalization,
    "QBatchNormalization": batch_normalization,
    "Add": add,
    "Subtract": subtract,
    "Multiply": multiply,
    "Average": average,
    "Concatenate": concatenate,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "RepeatVector": repeat_vector,
    "Cropping1D": cropping,
}
"""By Keras class name."""


def register_layer(kind: str, handler: Handler) -> None:
    """Let a Keras layer of your own be converted (docs/extension.md).

    hls4ml reads it by the handler that you gave to ``register_keras_v2_layer_handler``; without
    one, its shape is taken from Keras.

    Parameters
    ----------
    kind
        Name of its class.
    handler
        Makes its blocks. Blocks and functions of your own are registered with
        `hw.network.serialization.register_block` and `register_function`.

    Raises
    ------
    ChronogateError
        When there is a handler for this name already.
    """
    if kind in HANDLERS:
        raise ChronogateError(
            f"there is a handler for {kind} already: give your layer another class name"
        )
    HANDLERS[kind] = handler
    EXTENSIONS.add(kind)
