"""Recursive least squares with forgetting: the weights that fit the newest windows best.

Each window counts `forgetting` times as much as the one behind it (Haykin, Adaptive Filter Theory).
All outputs are fitted on the same inputs and share one matrix.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(eq=False)
class LeastSquares:
    """A linear layer that learns window by window.

    Parameters
    ----------
    weights
        ``(D, O)`` to begin with; changed in place of a copy.
    covariance
        ``(D, D)``: the inverse of the inputs' sums of squares so far.
    forgetting
        Above 0, at most 1, which forgets nothing.
    """

    weights: np.ndarray
    covariance: np.ndarray
    forgetting: float

    @classmethod
    def begun(cls, weights: np.ndarray, inputs: np.ndarray, forgetting: float) -> "LeastSquares":
        """Return one that trusts its weights as if it had seen them fit many windows.

        As many as `forgetting` remembers, with inputs like these ``(N, D)``.
        """
        memory = 1 / max(1 - forgetting, 1 / max(len(inputs), 1))
        gram = inputs.T @ inputs / len(inputs) * memory
        size = len(gram)
        damping = 1e-3 * np.trace(gram) / size
        return cls(weights.copy(), np.linalg.inv(gram + damping * np.eye(size)), forgetting)

    @property
    def hessian(self) -> np.ndarray:
        """The inputs' sums of squares, as far as they are remembered."""
        inverse = np.linalg.inv(self.covariance)
        return (inverse + inverse.T) / 2

    def learn(self, inputs: np.ndarray, wanted: np.ndarray, observed: np.ndarray) -> None:
        """Take in one window.

        Parameters
        ----------
        inputs
            ``(D,)``.
        wanted
            ``(O,)``: what the layer ought to have given.
        observed
            bool ``(O,)``: outputs that are not move nothing.
        """
        moved = self.covariance @ inputs
        gain = moved / (self.forgetting + inputs @ moved)
        errors = np.where(observed, wanted - inputs @ self.weights, 0.0)
        self.weights = self.weights + np.outer(gain, errors)
        updated = (self.covariance - np.outer(gain, moved)) / self.forgetting
        self.covariance = (updated + updated.T) / 2
