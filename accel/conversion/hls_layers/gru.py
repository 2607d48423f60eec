"""`hw.layer.recurrent.gru.GRU` as ``chronogate::gru_cell``, reset after or before the product."""

from collections.abc import Mapping

import numpy as np

from accel.conversion.hls_layers.code import Template, cpp_type
from accel.conversion.hls_layers.product import Product
from accel.conversion.hls_layers.recurrent import (
    PLAIN,
    input_product,
    recurrent_product,
    recurrent_template,
)
from hw.layer.recurrent.gru import GRU
from hw.number.arithmetic import complement_format
from hw.number.fixed_point import FixedPoint


def gru(name: str, spec: GRU, taken: Mapping[str, str] = PLAIN) -> Template:
    """Return the layer's template, of the form that it has; see `lstm`."""
    products = _after(spec) if spec.reset_after else _before(spec)
    rest = complement_format(spec.gate)
    form = "after" if spec.reset_after else "before"
    return recurrent_template(
        name,
        "gru_cell",
        spec,
        {
            "recurrent_sum": products[0].total,
            "sum": spec.sum,
            "gate": spec.gate,
            "reset_state": spec.reset_state,
            "reset_sum": spec.reset_sum,
            "candidate_sum": spec.candidate_sum,
            "candidate": spec.candidate,
            "complement": rest,
            "hidden": spec.hidden,
        },
        {
            "activation": (spec.activation, spec.candidate_sum),
            "recurrent_activation": (spec.recurrent_activation, spec.sum),
        },
        (input_product(spec), *products),
        {**taken, "reset": f"chronogate::reset_{form}<{name}>"},
        f"    static {cpp_type(FixedPoint(1, 1, signed=False))} one() {{ return 1; }}\n",
    )


def _after(spec: GRU) -> tuple[Product, ...]:
    # The candidate's recurrent bias is scaled by the reset gate, the others went to the input's.
    early = np.arange(spec.recurrent_bias.size) < 2 * spec.units
    late = np.where(early, 0, spec.recurrent_bias)
    return (recurrent_product(spec, spec.recurrent_kernel, spec.biased, late, spec.bias_format),)


def _before(spec: GRU) -> tuple[Product, ...]:
    gates, candidate = np.split(spec.recurrent_kernel, [2 * spec.units], axis=1)
    return (
        recurrent_product(spec, gates, spec.gate_sum),
        recurrent_product(spec, candidate, spec.reset_sum),
    )
