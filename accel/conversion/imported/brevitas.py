"""Handlers for hls4ml's PyTorch parser that read Brevitas's modules, which it does not know."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from hls4ml.converters.pytorch_to_hls import layer_handlers
from hls4ml.model.layers import Layer, layer_map

from accel.conversion.imported.quantizers import QonnxQuantizer
from hw.errors import ChronogateError

Parsed = tuple[dict[str, object], list[int | None]]
Handler = Callable[..., Parsed]


class BrevitasQuantizer(Layer):
    """A node that quantizes; its attribute ``quantizer`` says how."""

    def initialize(self) -> None:
        """Add the output, of the input's shape."""
        self.add_output_variable(self.get_input_variable().shape)


layer_map[BrevitasQuantizer.__name__] = BrevitasQuantizer


@contextmanager
def brevitas_handlers() -> Iterator[None]:
    """Let hls4ml's parser know Brevitas's modules inside the block."""
    stock = dict(layer_handlers)
    layer_handlers.update(_HANDLERS)
    try:
        yield
    finally:
        layer_handlers.clear()
        layer_handlers.update(stock)


def _identity(
    _: str, name: str, inputs: list[str], shapes: list[Any], __: Any, module: Any, *___: Any
) -> Parsed:
    return _quantizer(name, inputs, module), list(shapes[0])


def _relu(
    _: str, name: str, inputs: list[str], shapes: list[Any], __: Any, module: Any, *___: Any
) -> Parsed:
    quantizer = _quantizer(name, inputs, module)
    if module.act_quant.is_signed:
        raise _refuse(name, "its quantizer is signed", "use an unsigned one behind a relu")
    return quantizer, list(shapes[0])  # an unsigned format clips below zero, as the relu does


def _linear(
    _: str, name: str, inputs: list[str], shapes: list[Any], __: Any, module: Any, *___: Any
) -> Parsed:
    for place in ("input_quant", "output_quant"):
        if getattr(module, place).is_quant_enabled:
            raise _refuse(name, f"it has an {place}", "use a QuantIdentity of its own instead")
    weights = module.quant_weight()
    layer: dict[str, object] = {
        "class_name": "Dense",
        "name": name,
        "inputs": inputs,
        "n_in": module.in_features,
        "n_out": module.out_features,
        "use_bias": module.bias is not None,
        "weight_data": _array(getattr(weights, "value", weights)).T,
        "bias_data": None if module.bias is None else _bias(name, module),
    }
    return layer, [*shapes[0][:-1], module.out_features]


def _bias(name: str, module: Any) -> np.ndarray:
    if not module.bias_quant.is_quant_enabled:
        return _array(module.bias)
    try:
        quantized = module.quant_bias()
    except (AssertionError, RuntimeError, TypeError) as error:
        raise _refuse(
            name,
            f"its bias takes the scale of its input ({error})",
            "use a bias_quant with a scale of its own, or export the model to QONNX",
        ) from error
    return _array(getattr(quantized, "value", quantized))


def _convolution(_: str, name: str, *__: Any) -> Parsed:
    raise _refuse(
        name,
        "its windows have the channels first, which has no block",
        "export the model to QONNX and use convert_from_onnx_model",
    )


def _quantizer(name: str, inputs: list[str], module: Any) -> dict[str, object]:
    proxy = module.act_quant
    if not proxy.is_quant_enabled:
        raise _refuse(name, "its quantizer is off", "give it an act_quant")
    quantizer = QonnxQuantizer(
        _array(proxy.scale()),
        _array(proxy.zero_point()),
        _array(proxy.bit_width()),
        bool(proxy.is_signed),
        bool(proxy.is_narrow_range),
        str(proxy.rounding_mode),
    )
    return {
        "class_name": BrevitasQuantizer.__name__,
        "name": name,
        "inputs": inputs,
        "quantizer": quantizer,
    }


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=np.float64)


def _refuse(name: str, problem: str, remedy: str) -> ChronogateError:
    return ChronogateError(f"layer {name!r}: {problem}: {remedy}")


_HANDLERS: dict[str, Handler] = {
    "QuantIdentity": _identity,
    "QuantReLU": _relu,
    "QuantLinear": _linear,
    "QuantConv1d": _convolution,
    "Conv1d": _convolution,
}
