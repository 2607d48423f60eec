"""``python -m tests.coverage_table``: docs/coverage.md, what converts exactly and what is refused.

Each cell is a model, converted and compared with QKeras code by code.
"""

from collections.abc import Callable
from pathlib import Path

import accel
from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from tests.accel.conversion.compare import assert_equal_to_qkeras, draw_codes
from tests.accel.conversion.layered import NAMES, conv, model_of, rnn, start
from tests.accel.conversion.models import bits, chain, dense
from tests.accel.conversion.refused import REFUSED

Layers = list[keras.layers.Layer]

QUANTIZERS: dict[str, Callable[[], object]] = {
    "quantized_bits(6, 1, alpha=1)": lambda: bits(6, 1),
    "quantized_bits(6, 1, symmetric)": lambda: bits(6, 1, symmetric=1),
    "quantized_bits(6, 1, unsigned)": lambda: bits(6, 1, keep_negative=False),
    "quantized_bits(5, 1, alpha=0.5)": lambda: bits(5, 1, alpha=0.5),
    "quantized_bits(5, alpha='auto_po2')": lambda: bits(5, alpha="auto_po2", symmetric=1),
    "quantized_bits(5, alpha='auto')": lambda: bits(5, alpha="auto", symmetric=1),
    "quantized_bits(1)": lambda: bits(1),
    "quantized_relu(5, 1)": lambda: qkeras.quantized_relu(5, 1),
    "quantized_relu(5, 1, slope 1/4)": lambda: qkeras.quantized_relu(5, 1, negative_slope=0.25),
    "quantized_relu(5, 2, bound 1.5)": lambda: qkeras.quantized_relu(
        5, 2, relu_upper_bound=1.5, is_quantized_clip=False
    ),
    "quantized_relu(5, use_sigmoid)": lambda: qkeras.quantized_relu(5, use_sigmoid=1),
    "quantized_tanh(6)": lambda: qkeras.quantized_tanh(6),
    "quantized_tanh(6, real)": lambda: qkeras.quantized_tanh(6, use_real_tanh=True),
    "quantized_sigmoid(6)": lambda: qkeras.quantized_sigmoid(6),
    "quantized_sigmoid(6, symmetric)": lambda: qkeras.quantized_sigmoid(6, symmetric=True),
    "quantized_sigmoid(6, real)": lambda: qkeras.quantized_sigmoid(6, use_real_sigmoid=True),
    "quantized_hswish(6, 1)": lambda: qkeras.quantized_hswish(6, 1, alpha=1),
    "binary(alpha=1)": lambda: qkeras.binary(alpha=1.0),
    "binary(alpha='auto_po2')": lambda: qkeras.binary(alpha="auto_po2"),
    "ternary(alpha=1)": lambda: qkeras.ternary(alpha=1.0),
    "ternary(alpha='auto')": lambda: qkeras.ternary(alpha="auto"),
    "stochastic_binary(alpha=1)": lambda: qkeras.stochastic_binary(alpha=1.0),
    "stochastic_ternary(alpha='auto_po2')": lambda: qkeras.stochastic_ternary(alpha="auto_po2"),
    "bernoulli(alpha=1)": lambda: qkeras.bernoulli(alpha=1.0),
    "quantized_po2(4)": lambda: qkeras.quantized_po2(4),
    "quantized_relu_po2(3)": lambda: qkeras.quantized_relu_po2(3),
    "stochastic rounding": lambda: bits(6, 1, use_stochastic_rounding=True),
    "hard_sigmoid": lambda: qkeras.hard_sigmoid,
    "hard_tanh": lambda: qkeras.hard_tanh,
    "binary_tanh": lambda: qkeras.binary_tanh,
    "binary_sigmoid": lambda: qkeras.quantizers.binary_sigmoid,
}

PLACES: dict[str, Callable[[object], Layers]] = {
    "QActivation": lambda q: [qkeras.QActivation(q), dense(2)],
    "QDense kernel": lambda q: [dense(3, kernel_quantizer=q)],
    "QConv1D kernel": lambda q: [conv(kernel_quantizer=q)],
    "QGRU kernels": lambda q: [rnn(kernel_quantizer=q, recurrent_quantizer=q)],
    "QLSTM activation": lambda q: [rnn(qkeras.QLSTM, activation=q)],
    "QGRU state": lambda q: [rnn(state_quantizer=q)],
}


def cell(place: str, quantizer: str, reasons: list[str]) -> str:
    """Return ``exact``, or a number that refers to the reason of a refusal."""
    keras.backend.clear_session()
    try:
        model = chain([start(), *PLACES[place](QUANTIZERS[quantizer]())], (6, 3))
        network = accel.convert(model).network
    except ChronogateError as error:
        reason = str(error).split(": ", 1)[1]
        if reason not in reasons:
            reasons.append(reason)
        return f"[{reasons.index(reason) + 1}]"
    except Exception as error:
        return f"QKeras: {type(error).__name__}"
    assert_equal_to_qkeras(model, network, draw_codes(network, 60, 0))
    return "exact"


def main() -> None:
    """Write the tables."""
    reasons: list[str] = []
    lines = [
        "# What converts exactly",
        "",
        "Written by `make coverage-table`. Every *exact* was converted and compared with QKeras in",
        "float64, every layer, every step, code for code.",
        "",
        "## Quantizers by place",
        "",
        f"| | {' | '.join(PLACES)} |",
        "|---" * (len(PLACES) + 1) + "|",
    ]
    for quantizer in QUANTIZERS:
        cells = [cell(place, quantizer, reasons) for place in PLACES]
        lines.append(f"| `{quantizer}` | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    lines += ["", *(f"[{n}] {reason}  " for n, reason in enumerate(reasons, start=1))]
    lines += ["", "## Layers", "", "Exact, each with others around it:", ""]
    for name in NAMES:
        keras.backend.clear_session()
        model = model_of(name)
        network = accel.convert(model).network
        assert_equal_to_qkeras(model, network, draw_codes(network, 60, 0))
        kinds = dict.fromkeys(type(layer).__name__ for layer in model.layers[1:])
        lines.append(f"- {name}: {', '.join(kinds)}")
    lines += ["", "## Refusals", "", "What is refused says so in one sentence:", ""]
    for build, _, _ in REFUSED.values():
        keras.backend.clear_session()
        try:
            accel.convert(chain(build()))
        except ChronogateError as error:
            lines.append(f"- {error}")
    (Path(__file__).parents[1] / "docs" / "coverage.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
