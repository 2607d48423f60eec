"""Random networks for tests, drawn from a seed."""

from itertools import count

import numpy as np

from hw import (
    GRU,
    LSTM,
    Activation,
    Dense,
    FixedPoint,
    Flatten,
    Function,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
    SimpleRNN,
    UnrolledDense,
)


def draw_format(rng: np.random.Generator, signed: bool = True) -> FixedPoint:
    """Draw a narrow format with QKeras's modes."""
    width = int(rng.integers(3, 9))
    overflow = Overflow.SAT_SYM if signed and rng.random() < 0.3 else Overflow.SAT
    return FixedPoint(width, int(rng.integers(0, 4)), signed, Rounding.RND_CONV, overflow)


def draw_codes(rng: np.random.Generator, format: FixedPoint, *shape: int) -> np.ndarray:
    """Draw codes over the whole range."""
    return rng.integers(format.minimum, format.maximum + 1, shape, dtype=np.int64)


def draw_quantizer(rng: np.random.Generator, functions: list[Function]) -> Quantizer:
    """Draw an activation; now and then one that keeps every bit."""
    function = functions[int(rng.integers(len(functions)))]
    if function is not Function.LINEAR and rng.random() < 0.2:
        return Quantizer(function, None)
    return Quantizer(function, draw_format(rng, signed=bool(rng.random() < 0.5)))


def draw_dense(rng: np.random.Generator, source: FixedPoint, n_in: int) -> Dense:
    """Draw a dense layer; every other one with a reuse factor that divides nothing."""
    n_out = int(rng.integers(1, 9))
    kernel, bias = draw_format(rng), draw_format(rng)
    return Dense(
        draw_codes(rng, kernel, n_in, n_out),
        draw_codes(rng, bias, n_out),
        source,
        kernel,
        bias,
        reuse=int(rng.integers(1, n_in * n_out + 3)),
        skip_zeros=n_out % 3 == 0,
    )


def draw_unrolled_dense(rng: np.random.Generator, source: FixedPoint, n_in: int) -> UnrolledDense:
    """Draw an unrolled dense layer, often sparse, with too few or too many registers."""
    n_out = int(rng.integers(1, 9))
    kernel, bias = draw_format(rng), draw_format(rng)
    registered = bool(rng.random() < 0.6)
    kept = rng.random((n_in, n_out)) < rng.choice([0.3, 1, 1])
    return UnrolledDense(
        draw_codes(rng, kernel, n_in, n_out) * kept,
        draw_codes(rng, bias, n_out),
        source,
        kernel,
        bias,
        registers=int(rng.integers(registered, 9)),
        registered_output=registered,
        extra_depth=None if rng.random() < 0.5 else int(rng.integers(0, 2)),
    )


def draw_recurrent(
    rng: np.random.Generator, source: FixedPoint, n_in: int, steps: int, kind: str
) -> GRU | LSTM | SimpleRNN:
    """Draw an LSTM (``"lstm"``), a GRU (``"gru_after"``, ``"gru_before"``), or a SimpleRNN."""
    units = int(rng.integers(1, 7))
    kernel, recurrent, bias, state = (draw_format(rng) for _ in range(4))
    activation = draw_quantizer(rng, [Function.HARD_TANH, Function.LINEAR])
    gate = draw_quantizer(rng, [Function.HARD_SIGMOID, Function.HARD_SIGMOID, Function.LINEAR])
    gates = {"lstm": 4, "simple_rnn": 1}.get(kind, 3)
    common = {
        "kernel": draw_codes(rng, kernel, n_in, gates * units),
        "recurrent_kernel": draw_codes(rng, recurrent, units, gates * units),
        "bias": draw_codes(rng, bias, gates * units),
        "input": source,
        "kernel_format": kernel,
        "recurrent_format": recurrent,
        "bias_format": bias,
        "state": state,
        "activation": activation,
        "recurrent_activation": gate,
        "steps": steps,
        **_draw_folding(rng, gates * units * n_in, gates * units * units),
    }
    if kind == "simple_rnn":
        del common["recurrent_activation"]
        return SimpleRNN(**common)
    if kind == "lstm":
        return LSTM(**common)
    after = kind == "gru_after"
    late = draw_codes(rng, bias, gates * units) * after
    return GRU(**common, recurrent_bias=late, reset_after=after)


def _draw_folding(rng: np.random.Generator, inputs: int, recurrents: int) -> dict[str, int]:
    """Draw the size of one pool, or two reuse factors; small values as often as large ones."""

    def draw(most: int) -> int:
        return int(rng.integers(1, int(rng.integers(1, most + 2)) + 1))

    if rng.random() < 0.5:
        return {"multipliers": draw(inputs + recurrents)}
    return {"input_reuse": draw(inputs), "recurrent_reuse": draw(recurrents)}


def draw_network(seed: int, kind: str) -> Network:
    """Draw a small network: ``"mlp"``, or around a recurrent layer of `kind`.

    Narrow formats often leave one constant forecast, which would prove little: such a draw is
    thrown away.
    """
    for attempt in count():
        rng = np.random.default_rng([seed, attempt])
        network = _draw_chain(rng, f"{kind}{seed}", kind)
        codes = draw_codes(rng, network.input_format, 40, network.look_back, network.features)
        if len(np.unique(network.reference(codes), axis=0)) > 10:
            return network
    raise AssertionError("unreachable")


def _draw_chain(rng: np.random.Generator, name: str, kind: str) -> Network:
    steps, n_in = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    source = draw_format(rng, signed=bool(rng.random() < 0.8))
    nodes: list[Node] = []

    def append(name: str, spec: Activation | Dense | Flatten | GRU | LSTM | SimpleRNN) -> None:
        nodes.append(Node(name, spec, (nodes[-1].name if nodes else "input",)))

    squeeze = Quantizer(Function.LINEAR, draw_format(rng))
    append("squeeze", Activation(n_in, source, squeeze, steps))
    inner = squeeze.result_format(source)
    if kind == "mlp":
        append("flatten", Flatten(steps, n_in, inner))
    else:
        append(kind, draw_recurrent(rng, inner, n_in, steps, kind))
    for layer in range(2):
        port = nodes[-1].spec.outputs[0]
        narrow = Quantizer(Function.LINEAR, draw_format(rng, signed=layer == 0))
        append(f"narrow{layer}", Activation(port.channels, port.format, narrow))
        dense = draw_dense(rng, narrow.result_format(port.format), port.channels)
        append(f"dense{layer}", dense)
    return Network(name, (Port("input", n_in, source, steps),), tuple(nodes), (nodes[-1].name,))
