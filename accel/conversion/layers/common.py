"""What handlers share: weights, activations, reuse factors, and the checks of what comes in."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.formats import activation_of, plain_format
from accel.conversion.piece import Piece, Wire
from accel.conversion.place import Place
from accel.conversion.settings import HlsConfig, reuse_factor
from accel.conversion.weights import layer_weight, weight_codes
from accel.qkeras_compat import keras
from hw.errors import ChronogateError
from hw.function.pointwise import Pointwise
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
    """

    config: HlsConfig
    streaming: bool = False
    bare: frozenset[str] = frozenset()


Handler = Callable[[LayerDraft, tuple[Wire, ...], Context], Piece]


def refuse(layer: LayerDraft, problem: str, remedy: str) -> ChronogateError:
    """Return the error that names a layer."""
    return ChronogateError(f"layer {layer.name!r}: {problem}: {remedy}")


def cell_of(source: keras.layers.Layer) -> keras.layers.Layer:
    """Return where a layer's weights are: its recurrent cell, or itself."""
    cell = getattr(source, "cell", None)
    return cell if isinstance(cell, keras.layers.Layer) else source


def weight(
    layer: LayerDraft, name: str, argument: str, source: keras.layers.Layer | None = None
) -> Weights:
    """Return the codes of a weight and their format, by its own quantizer if it has one."""
    holder = source or layer.source
    quantizer = getattr(cell_of(holder), f"{argument}_internal", None)
    return weight_codes(layer.name, name, layer_weight(holder, name), quantizer, argument)


def bias(
    layer: LayerDraft,
    shape: tuple[int, ...],
    kernel_format: FixedPoint,
    source: keras.layers.Layer | None = None,
) -> Weights:
    """Return the bias as `weight` does; zeros where the layer has none."""
    holder = source or layer.source
    if not cell_of(holder).use_bias:
        return np.zeros(shape, dtype=np.int64), kernel_format
    return weight(layer, "bias", "bias_quantizer", holder)


def quantizer_of(layer: LayerDraft) -> Pointwise:
    """Return what a `QActivation` computes."""
    return activation_of(layer.quantizer, Place(layer.name, "activation"))


def rounding_of(layer: LayerDraft) -> FixedPoint | None:
    """Return the format into which a layer rounds its exact result, or ``None`` for every bit."""
    if layer.quantizer is None:
        return None
    return plain_format(quantizer_of(layer))


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
