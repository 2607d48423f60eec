"""Weights for the contest: an MLP trained on the bundled temperatures, half of it pruned away.

Trained in NumPy with a fixed seed, so that every run races the same integers.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from accel.configuration.sections import DataConfig
from accel.datasets.loader import load_series

INPUT_STEP = 1 / 32
"""Of the 8-bit inputs, in standard deviations."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Integer codes of one dense layer, bias on the products' grid; relu between layers."""

    kernel: np.ndarray
    bias: np.ndarray


def random_layers(sizes: tuple[int, ...], bits: int) -> tuple[Layer, ...]:
    """Draw dense kernels over the whole range of `bits`-bit weights."""
    rng = np.random.default_rng(1)
    half = 1 << (bits - 1)
    return tuple(
        Layer(rng.integers(-half, half, (n_in, n_out)), rng.integers(-512, 512, n_out))
        for n_in, n_out in pairwise(sizes)
    )


def windows(look_back: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Return standardized windows of Seattle's hourly temperature, ``(N, look_back)`` first."""
    name = ("temperature",)
    data = DataConfig(dataset="seattle_temperature", features=name, targets=name, gaps="fill")
    series = load_series(data).values[:, 0]
    scaled = (series - series.mean()) / series.std()
    rows = np.lib.stride_tricks.sliding_window_view(scaled, look_back + horizon)
    return rows[:, :look_back], rows[:, look_back:]


def trained_layers(sizes: tuple[int, ...], bits: int, kept: float) -> tuple[Layer, ...]:
    """Train, prune the smallest weights of each layer, train on, and round.

    Parameters
    ----------
    sizes
        Inputs, hidden units, outputs.
    bits
        Of the weights.
    kept
        Share of the weights that stay.
    """
    x, y = windows(sizes[0], sizes[-1])
    rng = np.random.default_rng(1)
    shapes = list(pairwise(sizes))
    kernels = [rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out)) for n_in, n_out in shapes]
    biases = [np.zeros(n_out) for n_out in sizes[1:]]
    masks = [np.ones(shape) for shape in shapes]
    train(x, y, kernels, biases, masks, rng, steps=1500)
    for kernel, mask in zip(kernels, masks, strict=True):
        mask[:] = np.abs(kernel) > np.quantile(np.abs(kernel), 1 - kept)
    train(x, y, kernels, biases, masks, rng, steps=1500)
    layers = []
    step = INPUT_STEP
    for kernel, bias in zip(kernels, biases, strict=True):
        weight_step = np.abs(kernel).max() / ((1 << (bits - 1)) - 1)
        codes = np.rint(kernel / weight_step).astype(np.int64)
        layer = Layer(codes, np.rint(bias / (weight_step * step)).astype(np.int64))
        layers.append(layer)
        # The activation keeps the top eight bits of what the layer can reach.
        reach = np.abs(codes).sum(axis=0).max() * 255
        step *= weight_step * 2.0 ** max(int(reach).bit_length() - 8, 0)
    return tuple(layers)


def train(
    x: np.ndarray,
    y: np.ndarray,
    kernels: list[np.ndarray],
    biases: list[np.ndarray],
    masks: list[np.ndarray],
    rng: np.random.Generator,
    steps: int,
) -> None:
    """Adam on the mean squared error, in place; masked weights stay zero."""
    parameters = [*kernels, *biases]
    first, second = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    for step in range(1, steps + 1):
        rows = rng.integers(0, len(x), 128)
        values = [x[rows]]
        for kernel, bias, mask in zip(kernels, biases, masks, strict=True):
            np.multiply(kernel, mask, out=kernel)
            values.append(np.maximum(values[-1] @ kernel + bias, 0))
        values[-1] = values[-2] @ kernels[-1] + biases[-1]
        error = 2 * (values[-1] - y[rows]) / y[rows].size
        of_kernels, of_biases = [], []
        for layer in reversed(range(len(kernels))):
            of_kernels.insert(0, values[layer].T @ error * masks[layer])
            of_biases.insert(0, error.sum(axis=0))
            error = error @ kernels[layer].T * (values[layer] > 0)
        for index, gradient in enumerate([*of_kernels, *of_biases]):
            first[index] += 0.1 * (gradient - first[index])
            second[index] += 0.001 * (gradient**2 - second[index])
            rate = 1e-3 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            parameters[index] -= rate * first[index] / (np.sqrt(second[index]) + 1e-8)
    for kernel, mask in zip(kernels, masks, strict=True):
        np.multiply(kernel, mask, out=kernel)
