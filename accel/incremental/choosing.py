"""How a layer is to learn, chosen where it has learned nothing yet: on the validation windows.

The first third of them stands for what was there before; over the others the layer learns on as it
will over the test windows, once for each pair of settings. Forecasts are those of the weights as
stored, rounded by the last quantizer: codes of the golden model.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from accel.incremental.last_layer import LastLayer
from accel.incremental.prequential import Schedule, Stream, Watched, loads, losses

FORGETTING = (0.998, 0.9995, 1.0)
ANCHORS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Tried with each other; the last hardly lets go of the deployed weights."""


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Parameters
    ----------
    forgetting, anchor
        As in `accel.incremental.least_squares.LeastSquares`.
    gain
        ``1 - adapted / frozen`` on the windows that it was chosen on.
    """

    forgetting: float
    anchor: float
    gain: float


def choose(
    layer: LastLayer,
    validation: Stream,
    schedule: Schedule,
    forgetting: tuple[float, ...] = FORGETTING,
    anchors: tuple[float, ...] = ANCHORS,
) -> Choice:
    """Return the forgetting and the anchor with the least error, learning on over `validation`.

    Parameters
    ----------
    schedule
        When models are loaded; its forgetting and anchor do not count.
    forgetting, anchors
        To choose from.
    """
    watched = Watched(*layer.watched(validation.codes))
    third = max(1, len(validation.codes) // 3)
    earlier = watched.inputs[:third]
    rest = slice(third, None)
    stream = Stream(validation.codes[rest], validation.targets[rest], validation.mask[rest])
    watched = Watched(watched.inputs[rest], watched.others[rest])
    frozen = _error(layer, watched, stream, np.zeros((0, 0)), None)

    def error(pair: tuple[float, float]) -> float:
        tried = replace(schedule, forgetting=pair[0], anchor=pair[1])
        return _error(layer, watched, stream, earlier, tried)

    found = {pair: error(pair) for pair in product(forgetting, anchors)}
    best = min(found, key=found.__getitem__)
    return Choice(*best, 1 - found[best] / frozen)


def _error(
    layer: LastLayer,
    watched: Watched,
    stream: Stream,
    earlier: np.ndarray,
    schedule: Schedule | None,
) -> float:
    """Return the mean squared error of learning on; without a schedule, of the layer frozen."""
    spec, output = layer.spec, layer.network.output_format
    totals = watched.inputs @ layer.weights
    for part, codes in loads(layer, watched, stream, earlier, schedule) if schedule else ():
        if codes is not None:
            kernel, bias = codes
            totals[part] = watched.inputs[part, :-1] @ spec.kernel_format.to_float(kernel)
            totals[part] += spec.bias_format.to_float(bias)
    forecasts = output.to_float(output.quantize(totals + watched.others))
    return float(losses(forecasts, stream).mean())
