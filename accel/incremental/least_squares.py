"""Recursive least squares with forgetting, held by the weights that were deployed.

The sums of products of inputs and of errors are kept instead of their inverse: nothing winds up
where inputs say nothing for a while, and the prior is not forgotten with the windows. Each window
counts `forgetting` times as much as the one behind it. All outputs share the inputs' sums.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(eq=False)
class LeastSquares:
    """A linear layer that learns window by window.

    Parameters
    ----------
    begun
        Weights ``(D, O)`` to begin with.
    prior
        ``(D, D)``: how hard they hold on.
    forgetting
        Above 0, at most 1, which forgets nothing.
    products
        ``(D, D)``: remembered products of inputs.
    moments
        ``(D, O)``: of inputs and what the weights to begin with got wrong.
    """

    begun: np.ndarray
    prior: np.ndarray
    forgetting: float
    products: np.ndarray
    moments: np.ndarray

    @classmethod
    def of(
        cls, weights: np.ndarray, inputs: np.ndarray, forgetting: float, anchor: float
    ) -> "LeastSquares":
        """Return one that has learned nothing yet.

        Parameters
        ----------
        inputs
            Earlier ones ``(N, D)``, which say what inputs are like.
        anchor
            How often the remembered windows the deployed weights count, on inputs like those.
        """
        memory = 1 / max(1 - forgetting, 1 / max(len(inputs), 1))
        gram = inputs.T @ inputs / len(inputs)
        size = len(gram)
        # Directions in which inputs hardly move are held most.
        prior = anchor * memory * (gram + 1e-2 * np.trace(gram) / size * np.eye(size))
        return cls(weights, prior, forgetting, np.zeros_like(gram), np.zeros_like(weights))

    @property
    def weights(self) -> np.ndarray:
        """What fits best now ``(D, O)``."""
        return self.begun + np.linalg.solve(self.hessian, self.moments)

    @property
    def hessian(self) -> np.ndarray:
        """What errors of the weights cost."""
        return self.products + self.prior

    def learn(self, inputs: np.ndarray, wanted: np.ndarray, observed: np.ndarray) -> None:
        """Take in one window.

        Parameters
        ----------
        inputs
            ``(D,)``.
        wanted
            ``(O,)``: what the layer ought to have given.
        observed
            bool ``(O,)``: outputs that are not count as forecast right by the deployed weights.
        """
        errors = np.where(observed, wanted - inputs @ self.begun, 0.0)
        self.products = self.forgetting * self.products + np.outer(inputs, inputs)
        self.moments = self.forgetting * self.moments + np.outer(inputs, errors)
