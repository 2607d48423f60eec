"""Build the forecaster that a configuration describes."""

from accel.forecasters.gru import build_float_gru, build_gru
from accel.forecasters.lstm import build_float_lstm, build_lstm
from accel.forecasters.mlp import build_float_mlp, build_mlp
from accel.model_config import AnyModel, GruModel, MlpModel
from accel.qkeras_compat import keras


def build_forecaster(model: AnyModel, look_back: int, features: int, outputs: int) -> keras.Model:
    """Return the untrained quantized model ``(N, look_back, features) -> (N, outputs)``.

    Its initial weights depend on TensorFlow's global seed.
    """
    if isinstance(model, MlpModel):
        return build_mlp(model, look_back, features, outputs)
    if isinstance(model, GruModel):
        return build_gru(model, look_back, features, outputs)
    return build_lstm(model, look_back, features, outputs)


def build_float_twin(model: AnyModel, look_back: int, features: int, outputs: int) -> keras.Model:
    """Return the same structure in float, to measure what quantization costs."""
    if isinstance(model, MlpModel):
        return build_float_mlp(model, look_back, features, outputs)
    if isinstance(model, GruModel):
        return build_float_gru(model, look_back, features, outputs)
    return build_float_lstm(model, look_back, features, outputs)
