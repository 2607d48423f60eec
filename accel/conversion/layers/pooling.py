"""Pooling over time; averages take the quantizer behind them, which rounds the exact quotient."""

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.common import Context, refuse, rounding_of, steps_of
from accel.conversion.piece import Piece, Wire
from hw.layer.convolution.pool import Pool
from hw.layer.convolution.pooling import AveragePooling, MaxPooling


def max_pooling(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`MaxPooling1D`, `GlobalMaxPooling1D`."""
    (wire,) = wires
    pool = _pool(layer, wire, context)
    spec = MaxPooling(wire.port.channels, wire.port.format, pool)
    return Piece.begin(wire).then(layer.name, spec, _complete(pool))


def average_pooling(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`AveragePooling1D`, `GlobalAveragePooling1D`."""
    (wire,) = wires
    pool = _pool(layer, wire, context)
    output = rounding_of(layer)
    if output is None and pool.span & (pool.span - 1):
        raise refuse(
            layer,
            f"the average of {pool.span} steps has no exact binary value",
            "put a QActivation with quantized_bits right behind it, or average a power of two",
        )
    spec = AveragePooling(wire.port.channels, wire.port.format, pool, output)
    return Piece.begin(wire).then(layer.name, spec, _complete(pool))


def _complete(pool: Pool) -> bool | None:
    return True if pool.size is None else None


def _pool(layer: LayerDraft, wire: Wire, context: Context) -> Pool:
    source, steps = layer.source, steps_of(layer, wire)
    if context.streaming:
        raise refuse(
            layer, "it pools over time, which a stream of single samples does not have",
            "use Mode='sliding'",
        )  # fmt: skip
    if source.data_format != "channels_last":
        raise refuse(
            layer, f"data_format={source.data_format!r} puts the channels first",
            "use 'channels_last'",
        )  # fmt: skip
    if not hasattr(source, "pool_size"):
        return Pool(steps)
    if source.padding != "valid":
        raise refuse(
            layer, f"padding={source.padding!r} pools over a window's ends", "use padding='valid'"
        )
    return Pool(steps, _only(source.pool_size), _only(source.strides))


def _only(value: object) -> int:
    if isinstance(value, (tuple, list)):
        return _only(value[0])
    assert isinstance(value, int)
    return value
