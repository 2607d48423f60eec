"""Float activations of Keras with a quantizer behind them, which are staircases together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from accel.qkeras_compat import keras, tf
from hw.function.staircase import Staircase
from hw.function.tracing import Formula, trace
from hw.number.fixed_point import FixedPoint

Curve = Callable[[tf.Tensor], tf.Tensor]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def _hard_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(0.2 * x + 0.5, 0.0, 1.0)


def _softsign(x: np.ndarray) -> np.ndarray:
    return x / (np.abs(x) + 1.0)


FLOAT_CURVES: Mapping[Curve, Formula] = {
    keras.activations.sigmoid: _sigmoid,
    keras.activations.tanh: np.tanh,
    keras.activations.hard_sigmoid: _hard_sigmoid,
    keras.activations.softsign: _softsign,
}
"""Ascending functions of bounded range, as ``tf_keras`` computes them in float64."""


@dataclass(frozen=True)
class RoundedCurve:
    """A float activation, rounded.

    Parameters
    ----------
    curve
        The function.
    output
        Format of the quantizer behind it.
    """

    curve: Curve
    output: FixedPoint

    def staircase(self) -> Staircase:
        """Return the pair as one function."""
        curve = FLOAT_CURVES[self.curve]

        def formula(x: np.ndarray) -> np.ndarray:
            return self.output.quantize(curve(x))

        thresholds, _ = trace(formula, [])
        # Between the thresholds, since their last bits depend on how many are computed at once.
        ends = [2 * min(thresholds) - 1, *thresholds, 2 * max(thresholds) + 1]
        middles = np.array([(low + high) / 2 for low, high in pairwise(ends)])
        return Staircase(thresholds, tuple(formula(middles).tolist()), self.output)
