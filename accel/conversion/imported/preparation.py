"""What has to be done to a model, or asked of it, before hls4ml's front end reads it."""

from pathlib import Path
from typing import Any

import numpy as np

from hw.errors import ChronogateError


def check_keras_3(model: Any) -> None:
    """Refuse what hls4ml's parser would pass over in silence.

    Raises
    ------
    ChronogateError
        When the model is none of Keras 3, or a quantizer scales, shifts or quantizes in part.
    """
    if not any(kind.__module__.startswith("keras.src") for kind in type(model).__mro__):
        raise ChronogateError(
            f"a {type(model).__module__}.{type(model).__name__} is no Keras model: give one of "
            "Keras 3 with HGQ2's layers, or use the converter of its framework"
        )
    if not model.built:
        raise ChronogateError(f"model {model.name!r} is not built: begin it with keras.Input")
    for layer in model._flatten_layers():
        for option, remedy in (("scaler", None), ("affine", None), ("qnoise_factor", 1.0)):
            value = getattr(layer, option, None)
            if hasattr(layer, "quantizer") and value is not None and value != remedy:
                raise ChronogateError(
                    f"layer {layer.name!r}: its {option}={value} is not read by hls4ml: "
                    f"leave {option} out"
                )


def prepared_onnx(model: Any) -> Any:
    """Return a copy of an ONNX model as hls4ml's front end wants it.

    Names and shapes are filled in, ``Gemm`` becomes ``MatMul`` and ``Add``, and models with
    convolutions become channels-last.
    """
    try:
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
        from qonnx.transformation.gemm_to_matmul import GemmToMatMul
        from qonnx.util.cleanup import cleanup_model
    except ModuleNotFoundError as error:
        raise ChronogateError(
            f"reading ONNX models needs {error.name}: pip install qonnx"
        ) from None
    if isinstance(model, (str, Path)):
        if not Path(model).is_file():
            raise ChronogateError(f"there is no model file {model}: export the model as .onnx")
        wrapper = ModelWrapper(str(model))
    else:
        wrapper = ModelWrapper(model.model if isinstance(model, ModelWrapper) else model, True)
    wrapper = cleanup_model(wrapper)
    _give_biases(wrapper)
    wrapper = cleanup_model(wrapper.transform(GemmToMatMul()))
    if any(node.op_type == "Conv" for node in wrapper.graph.node):
        wrapper = cleanup_model(
            wrapper.transform(ConvertToChannelsLastAndClean(make_input_channels_last=True))
        )
    return wrapper.model


def _give_biases(wrapper: Any) -> None:
    """Add zeros to every ``Gemm`` without a bias, which qonnx's own rewriting does not expect."""
    for node in wrapper.graph.node:
        if node.op_type == "Gemm" and len(node.input) == 2:
            units = wrapper.get_tensor_shape(node.output[0])[-1]
            name = f"{node.output[0]}_no_bias"
            wrapper.set_initializer(name, np.zeros(units, np.float32))
            node.input.append(name)
