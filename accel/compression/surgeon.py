"""Prune a kernel so that what it gives changes least, the kept weights making up for the others.

Optimal brain surgeon (Hassibi and Stork, 1993) column by column, and one choice among the columns'
paths by what each next weight costs (Frantar and Alistarh, arXiv:2208.11580, section 4).
"""

import numpy as np

DAMPING = 0.01
"""Share of the mean diagonal that is added to it, so that it can be inverted."""


def pruned(
    weights: np.ndarray, hessian: np.ndarray, zeros: int, gone: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a kernel with so many zeros, and where it is kept.

    Parameters
    ----------
    weights
        ``(D, units)``.
    hessian
        ``(D, D)``: products of what it multiplies, weighted by what matters.
    zeros
        Weights that become 0, those of `gone` included.
    gone
        bool, as `weights`: True where a weight is 0 already and stays so.
    """
    size = len(weights)
    hessian = hessian + DAMPING * (np.trace(hessian) / size + 1e-12) * np.eye(size)
    keep = ~_removed(weights, hessian, zeros, gone)
    moment = hessian @ np.where(gone, 0.0, weights)
    result = np.zeros_like(weights)
    for unit in range(weights.shape[1]):
        rows = np.flatnonzero(keep[:, unit])
        if len(rows):
            result[rows, unit] = np.linalg.solve(hessian[np.ix_(rows, rows)], moment[rows, unit])
    return result, keep


def _removed(weights: np.ndarray, hessian: np.ndarray, zeros: int, gone: np.ndarray) -> np.ndarray:
    """Return where weights go: along each column's own path, the cheapest columns furthest."""
    size, units = weights.shape
    every = np.arange(units)
    inverse = np.repeat(np.linalg.inv(hessian)[None], units, axis=0)
    left = np.where(gone, 0.0, weights).T.copy()
    out = np.zeros((units, size), dtype=bool)
    path = np.zeros((size, units), dtype=int)
    prices = np.zeros((size, units))
    for turn in range(size):
        diagonal = np.einsum("uii->ui", inverse)
        price = np.where(out, np.inf, left**2 / np.maximum(diagonal, 1e-12))
        price = np.where(gone.T & ~out, -1.0, price)  # first, and for nothing
        chosen = price.argmin(axis=1)
        path[turn], prices[turn] = chosen, price[every, chosen]
        column = inverse[every, :, chosen]
        pivot = np.maximum(column[every, chosen], 1e-12)
        left -= column * (left[every, chosen] / pivot)[:, None]
        inverse -= column[:, :, None] * (column / pivot[:, None])[:, None, :]
        out[every, chosen] = True
        left[out] = 0.0
    # Prices rise along a path but for rounding; a path is taken in its own order.
    rising = np.maximum.accumulate(prices, axis=0)
    order = np.argsort(rising, axis=None, kind="stable")[:zeros]
    turns, columns = np.unravel_index(order, rising.shape)
    removed = np.zeros((size, units), dtype=bool)
    removed[path[turns, columns], columns] = True
    return removed | gone
