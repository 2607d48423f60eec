"""`hw.layer.recurrent.lstm.LSTM` as ``chronogate::lstm_cell``."""

from collections.abc import Mapping

from accel.conversion.hls_layers.code import Template
from accel.conversion.hls_layers.recurrent import (
    PLAIN,
    input_product,
    recurrent_product,
    recurrent_template,
)
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.refolded_lstm import RefoldedLSTM


def lstm(name: str, spec: LSTM, taken: Mapping[str, str] = PLAIN) -> Template:
    """Return the layer's template.

    Parameters
    ----------
    name
        A C++ identifier of the layer's own.
    spec
        The layer.
    taken
        Which inputs and states its products take.
    """
    return recurrent_template(
        name,
        "lstm_cell",
        spec,
        {
            "recurrent_sum": spec.recurrent_sum,
            "sum": spec.sum,
            "gate": spec.gate,
            "candidate": spec.candidate,
            "carry": spec.carry,
            "squashed": spec.squashed,
            # With the cell state beside it, in the format of both.
            "hidden": spec.outputs[0].format if spec.return_state else spec.hidden,
        },
        {
            "activation": (spec.activation, spec.sum),
            "recurrent_activation": (spec.recurrent_activation, spec.sum),
            "carry_activation": (spec.activation, spec.carry),
        },
        (input_product(spec), recurrent_product(spec, spec.recurrent_kernel, spec.recurrent_sum)),
        taken,
    )


def refolded_lstm(name: str, spec: RefoldedLSTM) -> Template:
    """Return the template of an LSTM in other hardware, of the same values."""
    return lstm(name, spec.layer)
