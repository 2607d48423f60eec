"""LSTM: one recurrent layer over the window, dense layers on its last state."""

from accel.forecasters.layer_names import INPUT
from accel.forecasters.parts import float_dense, quantized_dense, quantized_input, quantizer
from accel.model_config import LstmModel
from accel.qkeras_compat import keras, qkeras


def build_lstm(model: LstmModel, look_back: int, features: int, outputs: int) -> keras.Model:
    """Return the quantized model ``(look_back, features) -> (outputs,)``."""
    formats = model.formats
    window, values = quantized_input(look_back, features, formats)
    state = qkeras.QLSTM(
        model.units,
        activation=qkeras.quantized_tanh(formats.gates),
        recurrent_activation=qkeras.quantized_sigmoid(formats.gates),
        kernel_quantizer=quantizer(formats.kernel),
        recurrent_quantizer=quantizer(formats.recurrent),
        bias_quantizer=quantizer(formats.bias),
        state_quantizer=quantizer(formats.state),
        implementation=2,  # one product for all gates: trains twice as fast, the same numbers
        name=model.family,
    )(values)
    return keras.Model(window, quantized_dense(state, model, formats, outputs), name="lstm_model")


def build_float_lstm(model: LstmModel, look_back: int, features: int, outputs: int) -> keras.Model:
    """Return the same model without quantizers and with smooth activations."""
    window = keras.Input((look_back, features), name=INPUT)
    # The cell in a plain loop: XLA compiles Keras's fused LSTM for minutes.
    state = keras.layers.RNN(keras.layers.LSTMCell(model.units), name=model.family)(window)
    return keras.Model(window, float_dense(state, model, outputs), name="float_lstm")
