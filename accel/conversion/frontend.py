"""hls4ml's Keras front end with handlers that keep every quantizer of the model.

Stock hls4ml knows some layers of QKeras only, refuses many quantizers, crashes on recurrent layers
without a bias and keeps weight quantizers as float32 functions. Ours are in effect only during a
conversion. Dense layers and plain quantizers become hls4ml's own nodes, which its HLS computes
exactly; every other layer becomes a `KerasLayer`, which the lowering reads from Keras itself.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from hls4ml.converters.keras.core import parse_activation_layer, parse_dense_layer
from hls4ml.converters.keras.qkeras import parse_qactivation_layer
from hls4ml.converters.keras_v2_to_hls import KerasModelReader, get_layer_handlers
from hls4ml.model.quantizers import Quantizer as HlsQuantizer
from hls4ml.model.types import FixedPrecisionType

from accel.conversion.check import EXTENSIONS, INTERNAL, SUPPORTED
from accel.conversion.formats import activation_of
from accel.conversion.keras_nodes import KerasLayer, KerasProducts, KerasRecurrence
from accel.conversion.place import Place
from accel.conversion.settings import precision_type
from accel.conversion.weights import layer_weight, weight_codes
from accel.qkeras_compat import keras
from hw.errors import ChronogateError
from hw.function.quantizer import Quantizer
from hw.number.fixed_point import FixedPoint

LayerDict = dict[str, object]
Shape = list[int | None]
Parsed = tuple[LayerDict, Shape]
Handler = Callable[[LayerDict, list[str] | None, list[Shape], KerasModelReader], Parsed]

INPUT_LIKE = ("InputLayer", "Dropout", "Flatten", "Reshape")
"""Kinds that hls4ml's own handlers read as they should."""

PRODUCTS = ("Dense", "TimeDistributed", "Conv1D", "DepthwiseConv1D", "SeparableConv1D")
RECURRENT = ("SimpleRNN", "LSTM", "GRU", "Bidirectional")
"""Kinds, without QKeras's Q, whose products can be folded."""


class GridQuantizer(HlsQuantizer):
    """Weights that are quantized already, with their exact type, for hls4ml's writers.

    Parameters
    ----------
    values
        Quantized weights, float64.
    format
        Their grid.
    """

    def __init__(self, values: np.ndarray, format: FixedPoint) -> None:
        super().__init__(format.width, precision_type(format.plain()))
        self._values = values

    def __call__(self, data: np.ndarray) -> np.ndarray:
        """Return the quantized weights, whatever is passed."""
        return self._values.reshape(np.shape(data))


def _parse_qdense(
    config: LayerDict, inputs: list[str] | None, shapes: list[Shape], reader: KerasModelReader
) -> Parsed:
    layer, shape = parse_dense_layer(config, inputs, shapes, reader)
    source = _source(reader, layer)
    for weight, hls_name in (("kernel", "weight"), ("bias", "bias")):
        quantizer = getattr(source, f"{weight}_quantizer_internal")
        if weight == "kernel" or source.use_bias:
            codes, format = weight_codes(
                source.name, weight, layer_weight(source, weight), quantizer, f"{weight}_quantizer"
            )
            layer[f"{hls_name}_quantizer"] = GridQuantizer(format.to_float(codes), format)
    if source.activation is not None:
        layer["activation"] = _activation_name(source.activation)
    return layer, shape


def _parse_activation(
    config: LayerDict, inputs: list[str] | None, shapes: list[Shape], reader: KerasModelReader
) -> Parsed:
    """Parse an activation layer or the activation argument of a layer.

    Stock hls4ml takes QKeras's hard functions for Keras's of the same name, whose slope differs,
    or does not know them.
    """
    settings = config["config"]
    assert isinstance(settings, dict)
    node, function = str(settings["name"]), _function(reader, settings)
    if function is keras.activations.linear or function is None:
        settings = {**settings, "activation": "linear"}
        linear = {"class_name": "Activation", "config": settings}
        return parse_activation_layer(linear, inputs, shapes, reader)
    if not _is_plain(function, node):
        return _keras_layer(node, KerasLayer, list(shapes[0]), inputs)
    name = _activation_name(function)
    if isinstance(name, dict):
        settings = {**settings, "activation": {**name, "config": _config_of(function)}}
        return parse_qactivation_layer({**config, "config": settings}, inputs, shapes, reader)
    half = FixedPrecisionType(width=2, integer=0, signed=False)
    layer: LayerDict = {
        "name": node, "class_name": "HardActivation", "activation": name,
        "slope": 0.5, "shift": 0.5, "slope_prec": half, "shift_prec": half,
    }  # fmt: skip
    if inputs is not None:
        layer["inputs"] = inputs
    return layer, list(shapes[0])


def _is_plain(function: object, node: str) -> bool:
    """Tell whether hls4ml's own activations compute `function` exactly."""
    if type(function).__module__ == "builtins" and "keras.src" in str(
        getattr(function, "__module__", "")
    ):
        return False  # a float function of Keras: the lowering decides
    return isinstance(activation_of(function, Place(node, "activation")), Quantizer)


def _function(reader: KerasModelReader, settings: LayerDict) -> object:
    """Return what an activation node calls; its name is its layer's, or begins with it."""
    node, name = str(settings["name"]), settings["activation"]
    try:
        source = reader.model.get_layer(node)
    except ValueError:
        end = str(name["class_name"] if isinstance(name, dict) else name)
        source = reader.model.get_layer(node.removesuffix(f"_{end}"))
    return getattr(source, "quantizer", None) or source.activation


def _parse_keras_layer(
    config: LayerDict, inputs: list[str] | None, shapes: list[Shape], reader: KerasModelReader
) -> Parsed:
    """Parse any other layer; its activation argument becomes a node of its own."""
    settings, kind = config["config"], str(config["class_name"]).removeprefix("Q")
    assert isinstance(settings, dict)
    source = _source(reader, settings)
    if isinstance(source.output_shape, list):
        raise ChronogateError(
            f"layer {source.name!r} gives several results: use layers that give one"
        )
    node = KerasRecurrence if kind in RECURRENT else KerasLayer
    node = KerasProducts if kind in PRODUCTS else node
    layer, shape = _keras_layer(source.name, node, [None, *source.output_shape[1:]], inputs)
    behind = getattr(source, "activation", None)
    if node is KerasProducts and behind not in (None, keras.activations.linear):
        layer["activation"] = _activation_name(behind)
    return layer, shape


def _keras_layer(
    name: str, node: type[KerasLayer], shape: Shape, inputs: list[str] | None
) -> Parsed:
    layer: LayerDict = {"name": name, "class_name": node.__name__, "keras_shape": shape[1:]}
    if inputs is not None:
        layer["inputs"] = inputs
    return layer, shape


def _activation_name(function: object) -> str | LayerDict:
    """Return an activation as Keras writes it: a function's name, an object's class."""
    name = getattr(function, "__name__", None)
    if isinstance(name, str):
        return name
    return {"class_name": type(function).__name__, "config": {}}


def _config_of(function: object) -> object:
    settings = getattr(function, "get_config", dict)()
    # hls4ml wants a number where QKeras keeps a variable.
    return {
        key: value.numpy() if hasattr(value, "numpy") else value for key, value in settings.items()
    }


class ModelDictionary(dict[str, object]):
    """A model's architecture as the dictionary that ``config_from_keras_model`` wants.

    hls4ml takes its Keras 2 path for a dictionary only, then asks that same object for layers.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__(json.loads(model.to_json()))
        self.layers = model.layers
        self.get_layer = model.get_layer


def _source(reader: KerasModelReader, settings: LayerDict) -> keras.layers.Layer:
    return reader.model.get_layer(settings["name"])


_OURS: dict[str, Handler] = {
    **{kind: _parse_keras_layer for kind in (*SUPPORTED, *INTERNAL) if kind not in INPUT_LIKE},
    "QDense": _parse_qdense,
    "QActivation": _parse_activation,
    "Activation": _parse_activation,
}


@contextmanager
def exact_handlers() -> Iterator[None]:
    """Put our handlers in the place of hls4ml's inside the block."""
    handlers = get_layer_handlers()
    stock = dict(handlers)
    for kind in EXTENSIONS - set(stock):
        handlers[kind] = _parse_keras_layer
    handlers.update(_OURS)
    try:
        yield
    finally:
        handlers.clear()
        handlers.update(stock)
