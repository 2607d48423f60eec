"""Which weights a value of a layer is made from."""

from hw.block import Spec
from hw.layer.dense.dense import Dense
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN

GATES: dict[type, str] = {LSTM: "ifco", GRU: "zrh", SimpleRNN: "h"}
"""Keras's order of the gates' columns."""


def weight_names(spec: Spec, channel: int) -> str:
    """Name the weights that value `channel` of a layer depends on; empty where it has none."""
    if isinstance(spec, Dense):
        return f"kernel[:, {channel}] and bias[{channel}]"
    gates = GATES.get(type(spec), "")
    if not gates or not isinstance(spec, GRU | LSTM | SimpleRNN):
        return ""
    columns = [channel + gate * spec.units for gate in range(len(gates))]
    numbers = ", ".join(map(str, columns))
    listed = f"{numbers}" if len(columns) == 1 else f"[{numbers}]"
    return (
        f"kernel[:, {listed}], recurrent_kernel[:, {listed}] and bias[{listed}] (gates "
        f"{', '.join(gates)})"
    )
