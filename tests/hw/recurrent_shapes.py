"""Recurrent layers of a given size, with weights that do not matter or random ones."""

import numpy as np

from hw import GRU, LSTM, FixedPoint, Function, Overflow, Quantizer, Rounding, SimpleRNN

GRID = FixedPoint(8, 2, True, Rounding.RND_CONV, Overflow.SAT)
TANH = Quantizer(Function.HARD_TANH, FixedPoint(8, 1, True, Rounding.RND_CONV, Overflow.SAT))
SIGMOID = Quantizer(Function.HARD_SIGMOID, FixedPoint(8, 0, False, Rounding.RND_CONV, Overflow.SAT))
GATES = {"lstm": 4, "gru_after": 3, "gru_before": 3, "simple_rnn": 1}


def recurrent_layer(
    kind: str,
    n_in: int,
    units: int,
    steps: int = 4,
    seed: int | None = None,
    **options: object,
) -> LSTM | GRU | SimpleRNN:
    """Return a layer with hard activations; all weights are one without a seed."""
    gates = GATES[kind]
    rng = None if seed is None else np.random.default_rng(seed)

    def weights(*shape: int) -> np.ndarray:
        if rng is None:
            return np.ones(shape, dtype=np.int64)
        return rng.integers(-127, 128, shape)

    common = {
        "kernel": weights(n_in, gates * units),
        "recurrent_kernel": weights(units, gates * units),
        "bias": weights(gates * units),
        "input": GRID,
        "kernel_format": GRID,
        "recurrent_format": GRID,
        "bias_format": GRID,
        "state": GRID,
        "activation": TANH,
        "steps": steps,
        **options,
    }
    if kind == "simple_rnn":
        return SimpleRNN(**common)
    if kind == "lstm":
        return LSTM(**common, recurrent_activation=SIGMOID)
    after = kind == "gru_after"
    return GRU(
        **common,
        recurrent_activation=SIGMOID,
        recurrent_bias=weights(gates * units) * after,
        reset_after=after,
    )
