"""Dense layers, on a flat window or on every time step, folded or unrolled."""

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.common import Context, bias, refuse, weight
from accel.conversion.layers.product import product
from accel.conversion.piece import Piece, Wire
from accel.qkeras_compat import keras, qkeras


def dense(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`QDense`, or `Dense` whose weights are quantized; ``(T, C)`` step by step."""
    return _dense(layer, layer.source, wires[0], context)


def time_distributed(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`TimeDistributed` of a dense layer, which is the same on every step."""
    inner = layer.source.layer
    if not isinstance(inner, keras.layers.Dense):
        raise refuse(
            layer,
            f"TimeDistributed({type(inner).__name__}) is not supported",
            "distribute a QDense, or use the layer itself",
        )
    if inner.activation is not keras.activations.linear and inner.activation is not None:
        raise refuse(
            layer,
            f"the activation of {inner.name!r} is inside TimeDistributed",
            "give it to a QActivation behind the layer",
        )
    return _dense(layer, inner, wires[0], context)


def _dense(layer: LayerDraft, source: keras.layers.Layer, wire: Wire, context: Context) -> Piece:
    kernel = weight(layer, "kernel", "kernel_quantizer", source)
    biases = bias(layer, (kernel[0].shape[1],), kernel[1], source)
    spec = product(layer, kernel, biases, wire, context)
    return Piece.begin(wire).then(layer.name, spec)


def is_dense(source: keras.layers.Layer) -> bool:
    """Tell whether a layer is one that `dense` takes."""
    return isinstance(source, (qkeras.QDense, keras.layers.Dense))
