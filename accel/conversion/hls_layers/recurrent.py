"""What the templates of all recurrent layers share."""

from collections.abc import Mapping

import numpy as np

from accel.conversion.hls_layers.code import Template, cpp_type, template_of
from accel.conversion.hls_layers.function import function_struct
from accel.conversion.hls_layers.product import Product
from hw.function.pointwise import Pointwise
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.number.fixed_point import FixedPoint

HEADER = "chronogate_recurrent.h"

PLAIN: Mapping[str, str] = {
    "inputs": "chronogate::every_value",
    "states": "chronogate::every_value",
}
"""What the products of a layer without delta updates take."""

Recurrent = SimpleRNN | LSTM | GRU


def recurrent_template(
    name: str,
    cell: str,
    spec: Recurrent,
    types: Mapping[str, FixedPoint],
    functions: Mapping[str, tuple[Pointwise, FixedPoint]],
    products: tuple[Product, ...],
    kinds: Mapping[str, str] = PLAIN,
    inside: str = "",
) -> Template:
    """Return the call of the template of one layer.

    Parameters
    ----------
    name
        A C++ identifier of the layer's own.
    cell
        Struct of ``chronogate_recurrent.h`` that computes a step.
    spec
        The layer.
    types
        Formats of the cell's intermediate values, by the template's names without ``_t``.
    functions
        Activations, each with its argument's format, by the template's names.
    products
        Input product, recurrent product, and for the reset-before GRU the candidate's.
    kinds
        More types, by the template's names.
    inside
        Member functions of the configuration.
    """
    names = ("input_product", "recurrent_product", "candidate_product")[: len(products)]
    parts = [p.struct(f"{name}_{n}") for n, p in zip(names, products, strict=True)]
    parts += [function_struct(f"{name}_{n}", *f) for n, f in functions.items()]
    first, second = products[:2]
    all_types = {
        "weight": first.kernel_format,
        "bias": first.bias_format,
        "recurrent_weight": second.kernel_format,
        "recurrent_bias": second.bias_format,
        "projection": first.total,
        **types,
    }
    members: dict[str, str | int] = {
        "n_out": spec.units,
        "n_given": spec.outputs[0].channels,
        # The state quantizer is the one format that is not plain: it rounds and saturates.
        **{f"{key}_t": cpp_type(f.plain()) for key, f in all_types.items()},
        "state_t": cpp_type(spec.state),
        **{n: f"{name}_{n}" for n in (*names, *functions)},
        **kinds,
        "cell": f"chronogate::{cell}<{name}>",
    }
    weights = zip((("w", "b"), ("wr", "br"), ("wc", "bc")), products, strict=False)
    return template_of(
        spec,
        HEADER,
        "chronogate::recurrent<{}>::run",
        name,
        members,
        "\n".join(parts),
        inside,
        tuple(weight for pair, product in weights for weight in product.weights(*pair)),
    )


def input_product(spec: Recurrent) -> Product:
    """Return ``x . kernel + bias``."""
    dense = spec.input_product
    reuse = spec.input_reuse or -(-spec.kernel.size // max(spec.folding.inputs, 1))
    total = dense.output
    return Product(dense.kernel, dense.kernel_format, dense.aligned_bias, total, total, reuse)


def recurrent_product(
    spec: Recurrent,
    kernel: np.ndarray,
    total: FixedPoint,
    bias: np.ndarray | None = None,
    bias_format: FixedPoint | None = None,
) -> Product:
    """Return a product of the state, with its share of the layer's multipliers."""
    reuse = spec.recurrent_reuse or -(
        -spec.recurrent_kernel.size // max(spec.folding.recurrents, 1)
    )
    nothing = np.zeros(kernel.shape[1], dtype=np.int64)
    return Product(
        kernel,
        spec.recurrent_format,
        nothing if bias is None else bias,
        bias_format or FixedPoint(1, 1, signed=False),
        total,
        reuse,
    )
