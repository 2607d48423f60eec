"""From a plain recurrent layer to one with delta updates, and what they save."""

import numpy as np

from hw.layer.delta.gru import DeltaGRU
from hw.layer.delta.layer import MOVED_INPUTS, MOVED_STATES
from hw.layer.delta.lstm import DeltaLSTM
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM


def delta(
    layer: LSTM | GRU,
    input_threshold: int = 0,
    state_threshold: int = 0,
    multipliers: int | None = None,
) -> DeltaLSTM | DeltaGRU:
    """Return `layer` with delta updates.

    Parameters
    ----------
    layer
        The plain layer; where it has two pools of multipliers, they become one.
    input_threshold, state_threshold
        Codes, of the input's and of the state's grid, by which a value may differ from the one
        last propagated without being propagated itself.
    multipliers
        Of the pool, in place of the layer's own.

    Raises
    ------
    ChronogateError
        When a threshold is negative, or the layer cannot have delta updates: several series, or a
        GRU with its reset before the product.
    """
    if multipliers is None:
        folding = layer.folding
        multipliers = folding.inputs + (0 if folding.shared else folding.recurrents)
    pooled = layer.pooled(multipliers)
    if isinstance(pooled, LSTM):
        return DeltaLSTM(pooled, input_threshold, state_threshold)
    return DeltaGRU(pooled, input_threshold, state_threshold)


def moved_products(spec: DeltaLSTM | DeltaGRU, trace: dict[str, np.ndarray]) -> tuple[int, int]:
    """Return the products of inputs and states: those that values moved for, and all.

    Parameters
    ----------
    spec
        The layer.
    trace
        Of its reference.
    """
    moved = trace[MOVED_INPUTS], trace[MOVED_STATES]
    column = spec.plan.gates * spec.plan.units
    every = moved[0].size * spec.plan.elements * column
    return sum(int(counts.sum()) for counts in moved) * column, every
