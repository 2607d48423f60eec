"""Prequential evaluation: forecast each window first, learn from it when its targets are known.

The design is made once. Every so many windows the learner's weights are rounded to the layer's
formats and loaded; a window is forecast with the weights that are loaded then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from accel.forecasters.closed_form import rounded_together
from accel.incremental.last_layer import LastLayer
from accel.incremental.least_squares import LeastSquares
from accel.progress import Advance
from accel.scoring.prices import block_interval
from hw.network.graph import Network
from hw.number.fixed_point import FixedPoint

Forecaster = Callable[[Network, np.ndarray], np.ndarray]
"""From the model that is loaded and input codes to the codes of the forecasts."""


@dataclass(frozen=True)
class Schedule:
    """How a layer learns.

    Parameters
    ----------
    every
        Windows from one load to the next.
    forgetting, anchor
        As in `LeastSquares`.
    delay
        Windows until the targets of one are known: the horizon, where each step has a window.
    """

    every: int
    forgetting: float
    delay: int
    anchor: float = 1.0


@dataclass(frozen=True)
class Prequential:
    """The errors of a forecaster that learns on, beside the same one that does not.

    Parameters
    ----------
    windows, loads
        Windows forecast, and models loaded.
    frozen, adapted
        Mean squared errors in scaled units.
    gain
        ``1 - adapted / frozen``.
    low, high
        95 % interval of the gain, by a moving-block bootstrap over time.
    parts
        Both errors in each tenth of the windows, in the order of time.
    """

    windows: int
    loads: int
    frozen: float
    adapted: float
    gain: float
    low: float
    high: float
    parts: tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class Adapted:
    """What came of it: figures, the last model, and the codes of all forecasts ``(N, n_out)``."""

    figures: Prequential
    model: Network
    codes: np.ndarray


@dataclass(frozen=True, eq=False)
class Stream:
    """Windows in the order of time.

    Parameters
    ----------
    codes
        Of the inputs ``(N, look_back, features)``.
    targets, mask
        ``(N, n_out)`` in scaled units, and which of them were observed.
    """

    codes: np.ndarray
    targets: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class Watched:
    """What the last layer takes, and what is added to what it gives (`LastLayer.watched`)."""

    inputs: np.ndarray
    others: np.ndarray


def reference(model: Network, codes: np.ndarray) -> np.ndarray:
    """Forecast with the golden model."""
    return model.reference(codes)


def adapt(
    layer: LastLayer,
    stream: Stream,
    before: np.ndarray,
    schedule: Schedule,
    forecast: Forecaster = reference,
    advance: Advance = lambda units: None,
) -> Adapted:
    """Forecast a stream with a layer that learns on, and with the same one frozen.

    Parameters
    ----------
    before
        Input codes of earlier windows, whose inputs say how far to trust the weights.
    forecast
        What computes the forecasts, such as the RTL.
    advance
        Called with windows done.
    """
    earlier = layer.watched(before)[0]
    watched = Watched(*layer.watched(stream.codes))
    model, count = layer.network, 0
    parts: list[np.ndarray] = []
    for part, weights in loads(layer, watched, stream, earlier, schedule):
        if weights is not None:
            model, count = layer.with_codes(*weights), count + 1
        parts.append(forecast(model, stream.codes[part]))
        advance(len(parts[-1]))
    codes = np.concatenate(parts)
    frozen = layer.network.reference(stream.codes)
    return Adapted(_figures(layer.network, stream, frozen, codes, schedule, count), model, codes)


def loads(
    layer: LastLayer, watched: Watched, stream: Stream, earlier: np.ndarray, schedule: Schedule
) -> Iterator[tuple[slice, tuple[np.ndarray, np.ndarray] | None]]:
    """Yield which windows come next, and kernel and bias as codes if they are new for these.

    Parameters
    ----------
    earlier
        What the layer took in earlier windows.
    """
    learner = LeastSquares.of(layer.weights, earlier, schedule.forgetting, schedule.anchor)
    learned = 0
    for start in range(0, len(stream.codes), schedule.every):
        for place in range(learned, max(learned, start - schedule.delay + 1)):
            wanted = stream.targets[place] - watched.others[place]
            learner.learn(watched.inputs[place], wanted, stream.mask[place])
            learned = place + 1
        weights = as_codes(learner, layer) if learned else None
        yield slice(start, start + schedule.every), weights


@dataclass(frozen=True)
class _Steps:
    """A format as `rounded_together` takes it."""

    step: float
    largest_code: int


def as_codes(learner: LeastSquares, layer: LastLayer) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel and bias as codes, rounded so that their errors make up for each other."""
    spec, weights = layer.spec, learner.weights
    kernel = weights[:-1]
    hessian = learner.hessian
    format = spec.kernel_format
    # The bias takes the mean of what rounding the kernel leaves, so it is not rounded along.
    grid = _Steps(2.0**-format.fraction, format.plain().maximum)
    stored = rounded_together(kernel, _without_bias(hessian), grid)
    left = hessian[-1, :-1] @ (kernel - stored) / hessian[-1, -1]
    return _codes(stored, format), _codes(weights[-1] + left, spec.bias_format)


def _without_bias(hessian: np.ndarray) -> np.ndarray:
    """Return the inputs' products with what a free bias explains taken away."""
    mean = hessian[:-1, -1]
    rest = hessian[:-1, :-1] - np.outer(mean, mean) / hessian[-1, -1]
    size = len(rest)
    return (rest + rest.T) / 2 + 1e-6 * (np.trace(rest) / size + 1e-12) * np.eye(size)


def _codes(values: np.ndarray, format: FixedPoint) -> np.ndarray:
    plain = format.plain()
    codes = np.rint(np.ldexp(values, format.fraction))
    return np.clip(codes, plain.minimum, plain.maximum).astype(np.int64)


def _figures(
    network: Network,
    stream: Stream,
    frozen: np.ndarray,
    adapted: np.ndarray,
    schedule: Schedule,
    count_loads: int,
) -> Prequential:
    each = [losses(network.output_format.to_float(codes), stream) for codes in (adapted, frozen)]
    count = len(stream.codes)
    block = min(count, max(2 * schedule.delay, round(count ** (1 / 3))))
    low, high = block_interval(each[0], each[1], block, seed=1)
    new, old = (float(loss.mean()) for loss in each)
    cuts = np.array_split(np.arange(count), min(10, count))
    return Prequential(
        count, count_loads, old, new, 1 - new / old, float(low), float(high),
        tuple((float(each[1][cut].mean()), float(each[0][cut].mean())) for cut in cuts),
    )  # fmt: skip


def losses(forecasts: np.ndarray, stream: Stream) -> np.ndarray:
    """Return the mean squared error of each window ``(N,)``."""
    squares = np.where(stream.mask, (forecasts - stream.targets) ** 2, 0.0)
    return squares.sum(axis=1) / np.maximum(1, stream.mask.sum(axis=1))
