"""Build the forecaster that a configuration describes."""

from collections.abc import Iterable
from typing import cast

from accel.forecasters.family import Family
from accel.forecasters.kit import FloatKit, Kit, QuantizedKit, Tensor
from accel.forecasters.layer_names import INPUT, WIRES
from accel.forecasters.shape import Shape
from accel.qkeras_compat import keras

HlsSettings = dict[str, dict[str, object]]


def build_forecaster(model: Family, shape: Shape) -> keras.Model:
    """Return the untrained quantized model ``(N, look_back, channels) -> (N, outputs)``.

    Its initial weights depend on TensorFlow's global seed.
    """
    return _build(model, shape, QuantizedKit(), f"{model.family}_model")


def build_float_twin(model: Family, shape: Shape) -> keras.Model:
    """Return the same structure in float, to measure what quantization costs."""
    return _build(model, shape, FloatKit(), f"float_{model.family}")


def count_coefficients(model: keras.Model) -> int:
    """Return how many weights and biases a model stores: all but the fixed zeros and ones."""
    counted = (layer for layer in model.layers if not layer.name.endswith(WIRES))
    return sum(layer.count_params() for layer in counted)


def hls_settings(model: Family, layers: Iterable[str]) -> HlsSettings:
    """Return the folding of a configuration as the ``hls_config`` of ``accel.convert``.

    Parameters
    ----------
    layers
        Names of the built model's layers.
    """
    wires = {name: {"Strategy": "Latency"} for name in layers if name.endswith(WIRES)}
    whole: dict[str, object] = {"Strategy": model.strategy.capitalize()}
    if model.skip_zeros:
        whole["SkipZeros"] = True
    return {"Model": whole, "LayerName": {**model.folding, **wires}}


def _build(model: Family, shape: Shape, kit: Kit, name: str) -> keras.Model:
    window = cast(Tensor, keras.Input((shape.look_back, shape.channels), name=INPUT))
    return keras.Model(window, model.compose(window, shape, kit), name=name)
