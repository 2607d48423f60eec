"""PyTorch models of Brevitas's modules, equal to Brevitas's own quantized inference."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from brevitas.nn import QuantLinear

import accel
from hw.errors import ChronogateError
from tests.frontends import brevitas_models as models
from tests.frontends.compare import assert_exact, assert_rtl_equal


@pytest.mark.parametrize("seed", range(4))
def test_golden_model(seed: int) -> None:
    model = models.mlp(seed)
    network = accel.convert_from_pytorch_model(model, (6,)).network
    x = 2 * torch.randn(500, 6)
    assert_exact(network, x.numpy(), models.infer(model, x).numpy())


def test_rtl(tmp_path: Path) -> None:
    network = accel.convert_from_pytorch_model(models.mlp(0), (6,)).network
    assert_rtl_equal(network, torch.randn(40, 6).numpy(), tmp_path)


def test_a_quantizer_alone() -> None:
    """It stays a block where it is all that the model does."""
    model = torch.nn.Sequential(models.identity(6)).eval()
    network = accel.convert_from_pytorch_model(model, (6,)).network
    assert len(network.nodes) == 1
    x = 2 * torch.randn(200, 6)
    assert_exact(network, x.numpy(), models.infer(model, x).numpy())


REFUSED: dict[str, tuple[Callable[[], list[torch.nn.Module]], str]] = {
    "float scale": (lambda: [models.identity(6, float_scale=True)], "is no power of two"),
    "float weights": (
        lambda: [models.identity(6), torch.nn.Linear(6, 2)], "lie on no binary grid"
    ),
    "no quantizer": (lambda: [models.linear(6, 2, 4)], "has no number format"),
    "output quantizer": (
        lambda: [models.identity(6), QuantLinear(
            6, 2, bias=False, output_quant=models.Int8ActPerTensorFixedPoint
        )],
        "it has an output_quant",
    ),
    "float function": (lambda: [models.identity(6), torch.nn.Tanh()], "float function tanh"),
    "unknown": (lambda: [models.identity(6), torch.nn.GELU()], "Unsupported layer GELU"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    layers, message = REFUSED[name]
    model = models.settle(torch.nn.Sequential(*layers()), (6,), 0)
    with pytest.raises(ChronogateError, match=message):
        accel.convert_from_pytorch_model(model, (6,))


def test_convolutions_are_sent_to_qonnx() -> None:
    with pytest.raises(ChronogateError, match="convert_from_onnx_model"):
        accel.convert_from_pytorch_model(models.convolutional(0), (2, 9))
