"""Small models of Brevitas's modules, trained enough to have settled scales."""

import brevitas.nn as qnn
import torch
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8ActPerTensorFloat,
    Int8BiasPerTensorFixedPointInternalScaling,
    Int8WeightPerTensorFixedPoint,
    Uint8ActPerTensorFixedPoint,
)


def identity(bits: int, float_scale: bool = False) -> qnn.QuantIdentity:
    """Return a quantizer, by default with a power of two as scale."""
    quantizer = Int8ActPerTensorFloat if float_scale else Int8ActPerTensorFixedPoint
    return qnn.QuantIdentity(act_quant=quantizer, bit_width=bits)


def relu(bits: int) -> qnn.QuantReLU:
    """Return a quantized relu."""
    return qnn.QuantReLU(act_quant=Uint8ActPerTensorFixedPoint, bit_width=bits)


def linear(n_in: int, n_out: int, bits: int, bias: bool = True) -> qnn.QuantLinear:
    """Return a dense layer."""
    return qnn.QuantLinear(
        n_in, n_out, bias=bias, weight_bit_width=bits,
        weight_quant=Int8WeightPerTensorFixedPoint,
        bias_quant=Int8BiasPerTensorFixedPointInternalScaling if bias else None,
    )  # fmt: skip


def convolution(n_in: int, filters: int, taps: int, **options: int) -> qnn.QuantConv1d:
    """Return a convolution over time."""
    return qnn.QuantConv1d(
        n_in, filters, taps, bias=True, weight_bit_width=5,
        weight_quant=Int8WeightPerTensorFixedPoint,
        bias_quant=Int8BiasPerTensorFixedPointInternalScaling, **options,
    )  # fmt: skip


def settle(model: torch.nn.Module, shape: tuple[int, ...], seed: int) -> torch.nn.Module:
    """Let the scales of activations follow data, then hold them."""
    torch.manual_seed(seed)
    model.train()
    for _ in range(30):
        model(torch.randn(100, *shape))
    return model.eval()


def mlp(seed: int) -> torch.nn.Module:
    """Return dense layers, relus and an output quantizer."""
    torch.manual_seed(seed)
    return settle(
        torch.nn.Sequential(
            identity(6), linear(6, 8, 4), relu(5), linear(8, 5, 6, bias=False), identity(7),
            linear(5, 3, 5), identity(8),
        ),
        (6,),
        seed,
    )  # fmt: skip


def convolutional(seed: int) -> torch.nn.Module:
    """Return two convolutions over ``(channels, steps)``."""
    torch.manual_seed(seed)
    return settle(
        torch.nn.Sequential(
            identity(6), convolution(2, 4, 3), relu(5), convolution(4, 3, 2, stride=2), identity(8),
        ),
        (2, 9),
        seed,
    )  # fmt: skip


def infer(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return the model's quantized inference."""
    with torch.no_grad():
        result = model(x)
    return getattr(result, "value", result)
