"""`hw.layer.recurrent.simple_rnn.SimpleRNN` as ``chronogate::simple_rnn_cell``."""

from accel.conversion.hls_layers.code import Template
from accel.conversion.hls_layers.recurrent import (
    input_product,
    recurrent_product,
    recurrent_template,
)
from hw.layer.recurrent.simple_rnn import SimpleRNN


def simple_rnn(name: str, spec: SimpleRNN) -> Template:
    """Return the layer's template."""
    return recurrent_template(
        name,
        "simple_rnn_cell",
        spec,
        {"recurrent_sum": spec.recurrent_sum, "sum": spec.sum, "hidden": spec.hidden},
        {"activation": (spec.activation, spec.sum)},
        (input_product(spec), recurrent_product(spec, spec.recurrent_kernel, spec.recurrent_sum)),
    )
