"""Which weights a value of a layer is made from."""

from hw.block import Spec
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.delta.layer import DeltaLayer
from hw.layer.dense.dense import Dense
from hw.layer.dense.unrolled_dense import UnrolledDense
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.refolded_lstm import RefoldedLSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN

GATES: dict[type, str] = {LSTM: "ifco", GRU: "zrh", SimpleRNN: "h"}
"""Keras's order of the gates' columns."""


def weight_names(spec: Spec, channel: int) -> str:
    """Name the weights that value `channel` of a layer depends on; empty where it has none."""
    match spec:
        case Dense() | UnrolledDense():
            return f"kernel[:, {channel}] and bias[{channel}]"
        case Conv1D():
            return f"kernel[:, :, {channel}] and bias[{channel}]"
        case DepthwiseConv1D():
            source, place = divmod(channel, spec.kernel.shape[2])
            return f"kernel[:, {source}, {place}] and bias[{channel}]"
        case BatchNormalization():
            return f"scale[{channel}] and offset[{channel}]"
        case DeltaLayer() | RefoldedLSTM():
            return _columns(spec.layer, channel)
        case GRU() | LSTM() | SimpleRNN():
            return _columns(spec, channel)
    return ""


def _columns(spec: GRU | LSTM | SimpleRNN, unit: int) -> str:
    gates = GATES[type(spec)]
    columns = [unit + gate * spec.units for gate in range(len(gates))]
    numbers = ", ".join(map(str, columns))
    listed = f"{numbers}" if len(columns) == 1 else f"[{numbers}]"
    return (
        f"kernel[:, {listed}], recurrent_kernel[:, {listed}] and bias[{listed}] (gates "
        f"{', '.join(gates)})"
    )
