"""MLP: dense layers over the whole window; without hidden ones, a linear forecaster."""

from accel.forecasters.layer_names import INPUT
from accel.forecasters.parts import float_dense, quantized_dense, quantized_input
from accel.model_config import MlpModel
from accel.qkeras_compat import keras


def build_mlp(model: MlpModel, look_back: int, features: int, outputs: int) -> keras.Model:
    """Return the quantized model ``(look_back, features) -> (outputs,)``."""
    window, values = quantized_input(look_back, features, model.formats)
    values = keras.layers.Flatten(name="flatten")(values)
    return keras.Model(window, quantized_dense(values, model, model.formats, outputs), name="mlp")


def build_float_mlp(model: MlpModel, look_back: int, features: int, outputs: int) -> keras.Model:
    """Return the same model without quantizers."""
    window = keras.Input((look_back, features), name=INPUT)
    values = keras.layers.Flatten(name="flatten")(window)
    return keras.Model(window, float_dense(values, model, outputs), name="float_mlp")
