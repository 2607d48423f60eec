"""hls4ml's Keras front end with handlers that keep every quantizer of the model.

The stock handlers refuse hard activations in recurrent layers, crash on layers without a bias and
keep quantizers as float32 functions. Ours wrap them and are in effect only during a conversion;
the lowering then reads each quantizer from the Keras layer itself.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from hls4ml.converters.keras.core import parse_activation_layer, parse_dense_layer
from hls4ml.converters.keras.qkeras import parse_qactivation_layer
from hls4ml.converters.keras.recurrent import parse_rnn_layer
from hls4ml.converters.keras_v2_to_hls import KerasModelReader, KerasReader, get_layer_handlers
from hls4ml.model.quantizers import Quantizer as HlsQuantizer
from hls4ml.model.types import FixedPrecisionType

from accel.conversion.formats import Place, activation_of
from accel.conversion.settings import precision_type
from accel.conversion.weights import layer_weight, weight_codes
from accel.qkeras_compat import keras
from hw.function.quantizer import Function
from hw.number.fixed_point import FixedPoint

LayerDict = dict[str, object]
Shape = list[int | None]
Parsed = tuple[LayerDict, Shape]
Handler = Callable[[LayerDict, list[str] | None, list[Shape], KerasModelReader], Parsed]

_NAMES = {
    Function.LINEAR: "linear",
    Function.HARD_SIGMOID: "hard_sigmoid",
    Function.HARD_TANH: "hard_tanh",
}


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


class BiasReader(KerasReader):
    """A reader that gives zeros for the bias that a recurrent layer does not have.

    A GRU's biases always come as two rows, as hls4ml's parser wants them.
    """

    def __init__(self, layer: keras.layers.RNN) -> None:
        self._layer = layer

    def get_weights_data(self, layer_name: str, var_name: str) -> np.ndarray:
        """Return a weight as float32."""
        cell = self._layer.cell
        if var_name != "bias":
            return np.asarray(getattr(cell, var_name))
        width = cell.recurrent_kernel.shape[1]
        bias = np.asarray(cell.bias) if cell.use_bias else np.zeros(width, dtype=np.float32)
        if not hasattr(cell, "reset_after"):
            return bias
        return np.stack([bias, np.zeros_like(bias)]) if bias.ndim == 1 else bias


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
    return layer, shape


def _parse_activation(
    config: LayerDict, inputs: list[str] | None, shapes: list[Shape], reader: KerasModelReader
) -> Parsed:
    """Parse a `QActivation` or the activation argument of a layer.

    Stock hls4ml takes QKeras's hard functions for Keras's of the same name, whose slope differs,
    or does not know them; Keras's own never come here (`accel.conversion.check`).
    """
    settings = config["config"]
    assert isinstance(settings, dict)
    name = settings["activation"]
    if isinstance(name, dict) and name["class_name"] == "function":
        name = name["config"]
    if name not in ("hard_sigmoid", "hard_tanh"):
        stock = parse_activation_layer if name == "linear" else parse_qactivation_layer
        return stock(config, inputs, shapes, reader)
    half = FixedPrecisionType(width=2, integer=0, signed=False)
    layer: LayerDict = {
        "name": settings["name"], "class_name": "HardActivation", "activation": name,
        "slope": 0.5, "shift": 0.5, "slope_prec": half, "shift_prec": half,
    }  # fmt: skip
    if inputs is not None:
        layer["inputs"] = inputs
    return layer, list(shapes[0])


def _parse_recurrent(
    config: LayerDict, inputs: list[str] | None, shapes: list[Shape], reader: KerasModelReader
) -> Parsed:
    settings = config["config"]
    assert isinstance(settings, dict)
    source = _source(reader, settings)
    layer, shape = parse_rnn_layer(config, inputs, shapes, BiasReader(source))
    for argument in ("activation", "recurrent_activation"):
        quantizer = activation_of(getattr(source.cell, argument), Place(source.name, argument))
        layer[argument] = _NAMES[quantizer.function]
    return layer, shape


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
    "QDense": _parse_qdense,
    "QActivation": _parse_activation,
    "Activation": _parse_activation,
    "QLSTM": _parse_recurrent,
    "QGRU": _parse_recurrent,
}


@contextmanager
def exact_handlers() -> Iterator[None]:
    """Put our handlers in the place of hls4ml's inside the block."""
    handlers = get_layer_handlers()
    stock = {name: handlers[name] for name in _OURS}
    handlers.update(_OURS)
    try:
        yield
    finally:
        handlers.update(stock)
