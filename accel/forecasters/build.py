"""Build the forecaster that a configuration describes."""

from collections.abc import Iterable, Mapping
from typing import cast

from accel.forecasters.family import Family
from accel.forecasters.kit import FloatKit, Kit, QuantizedKit, Tensor
from accel.forecasters.layer_names import CORES, FACTOR, INPUT, WIRES
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


def hls_settings(model: Family, layers: Iterable[keras.layers.Layer]) -> HlsSettings:
    """Return the folding of a configuration as the ``hls_config`` of ``accel.convert``.

    Layers that a compression method put in the place of one take as many cycles as that one.

    Parameters
    ----------
    layers
        Those of the built model.
    """
    folding: dict[str, dict[str, object]] = {}
    for layer in layers:
        if layer.name.endswith(WIRES):
            folding[layer.name] = {"Strategy": "Latency", "Reloadable": False}
        elif (keys := _folding(layer, model.folding)) is not None:
            folding[layer.name] = keys
    whole: dict[str, object] = {"Strategy": model.strategy.capitalize()}
    if model.skip_zeros:
        whole["SkipZeros"] = True
    if model.reloadable:
        whole["Reloadable"] = True
    return {"Model": whole, "LayerName": dict(folding)}


def _folding(
    layer: keras.layers.Layer, folding: Mapping[str, dict[str, object]]
) -> dict[str, object] | None:
    if layer.name in folding:
        return folding[layer.name]
    if layer.name.endswith(FACTOR):
        return folding[layer.name.removesuffix(FACTOR)]
    ending = next((core for core in CORES if layer.name.endswith(core)), None)
    if ending is None:
        return None
    reuse = folding[layer.name.removesuffix(ending)]["ReuseFactor"]
    rows = layer.input_shape[1]  # beats that share the cycles
    assert isinstance(reuse, int)
    return {"ReuseFactor": max(1, reuse // rows)}


def _build(model: Family, shape: Shape, kit: Kit, name: str) -> keras.Model:
    window = cast(Tensor, keras.Input((shape.look_back, shape.channels), name=INPUT))
    return keras.Model(window, model.compose(window, shape, kit), name=name)
