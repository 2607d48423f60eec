"""What handlers of any front end share; nothing here needs TensorFlow."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.piece import Piece, Wire
from accel.conversion.settings import HlsConfig, reuse_factor
from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint

Weights = tuple[np.ndarray, FixedPoint]


@dataclass(frozen=True)
class Context:
    """What holds for the whole model.

    Parameters
    ----------
    config
        The user's ``hls_config``.
    streaming
        Whether each sample is a window of its own and layers keep their state.
    bare
        Names of layers whose result needs no register, since their only reader has one.
    with_cell
        Names of LSTM layers whose cell state is read, too.
    """

    config: HlsConfig
    streaming: bool = False
    bare: frozenset[str] = frozenset()
    with_cell: frozenset[str] = frozenset()


Handler = Callable[[LayerDraft, tuple[Wire, ...], Context], Piece]


def refuse(layer: LayerDraft, problem: str, remedy: str) -> ChronogateError:
    """Return the error that names a layer."""
    return ChronogateError(f"layer {layer.name!r}: {problem}: {remedy}")


def reuse(layer: LayerDraft, context: Context, default: int) -> int:
    """Return the layer's ``ReuseFactor``."""
    return reuse_factor(context.config, layer.name, layer.types, "ReuseFactor") or default


def steps_of(layer: LayerDraft, wire: Wire) -> int:
    """Return the beats of a window, refusing one wide beat."""
    if wire.port.steps is None:
        raise refuse(
            layer,
            "it needs one beat per time step",
            "do not flatten the window before it",
        )
    return wire.port.steps
