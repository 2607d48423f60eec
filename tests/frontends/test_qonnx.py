"""QONNX models, equal to qonnx's own execution; some of them exported from Brevitas."""

from pathlib import Path

import hls4ml
import numpy as np
import pytest
import torch
from brevitas.export import export_qonnx
from onnx import ModelProto, TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.util.cleanup import cleanup_model

import accel
from accel.conversion.imported.preparation import prepared_onnx
from hw.errors import ChronogateError
from hw.layer.elementwise.element_quantizer import ElementQuantizer
from hw.network.graph import Network
from tests.frontends import brevitas_models as models
from tests.frontends.compare import assert_exact, assert_rtl_equal

CHANNELS = 4


class Graph:
    """Writes a QONNX model node by node."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._nodes: list[object] = []
        self._constants: list[object] = []
        self._shape = shape

    def constant(self, value: object) -> str:
        """Return the name of a new constant."""
        name = f"constant{len(self._constants)}"
        array = np.asarray(value, np.float32)
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, inputs: list[str], **attributes: object) -> str:
        """Add a node and return the name of what it gives."""
        name = f"value{len(self._nodes)}"
        domain = "qonnx.custom_op.general" if "Quant" in kind else ""
        self._nodes.append(helper.make_node(kind, inputs, [name], domain=domain, **attributes))
        return name

    def quant(
        self, source: str, scale: object, bits: int, signed: int = 1, narrow: int = 0,
        rounding: str = "ROUND", zero_point: float = 0.0,
    ) -> str:  # fmt: skip
        """Add a quantizer."""
        rest = [self.constant(scale), self.constant(zero_point), self.constant(bits)]
        return self.node("Quant", [source, *rest], signed=signed, narrow=narrow,
                         rounding_mode=rounding)  # fmt: skip

    def model(self, output: str, shape: tuple[int, ...]) -> ModelProto:
        """Return the model."""
        ends = [
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *sizes])]
            for name, sizes in (("x", self._shape), (output, shape))
        ]
        graph = helper.make_graph(self._nodes, "model", *ends, self._constants)
        versions = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=8)


def per_channel(seed: int, rounding: str = "ROUND") -> ModelProto:
    """Return products whose results have a scale for each channel, and what stands between."""
    rng = np.random.default_rng(seed)
    graph = Graph((6,))
    x = graph.quant("x", 1 / 8, 6)
    weights = graph.quant(
        graph.constant(rng.normal(0, 0.6, (6, CHANNELS))),
        [[0.25, 0.125, 0.0625, 0.125]], 4, narrow=1,
    )  # fmt: skip
    x = graph.node("MatMul", [x, weights])
    x = graph.node("Add", [x, graph.constant(rng.integers(-9, 9, CHANNELS) / 16)])
    x = graph.node("Relu", [x])
    x = graph.quant(x, [[0.25, 0.5, 0.125, 0.25]], 5, signed=0, rounding=rounding)
    x = graph.node("Mul", [x, graph.constant([0.5, 1.5, -0.75, 1.0])])
    x = graph.node("Sub", [graph.constant(0.625), x])
    x = graph.quant(x, 1 / 16, 7, rounding=rounding)
    second = graph.constant(rng.integers(-4, 4, (CHANNELS, 3)) / 4)
    return graph.model(graph.node("MatMul", [x, second]), (3,))


def bipolar() -> ModelProto:
    """Return a network of signs."""
    rng = np.random.default_rng(5)
    graph = Graph((6,))
    x = graph.quant("x", 1 / 8, 6)
    weights = graph.node("BipolarQuant", [graph.constant(rng.normal(size=(6, 4))),
                                          graph.constant(0.5)])  # fmt: skip
    x = graph.node("BipolarQuant", [graph.node("MatMul", [x, weights]), graph.constant(0.25)])
    second = graph.constant(rng.integers(-4, 4, (4, 3)) / 4)
    return graph.model(graph.node("MatMul", [x, second]), (3,))


def execute(model: ModelProto, x: np.ndarray) -> np.ndarray:
    """Return qonnx's own result, window by window."""
    wrapper = ModelWrapper(model)
    name, result = wrapper.graph.input[0].name, wrapper.graph.output[0].name
    return np.stack([execute_onnx(wrapper, {name: window[None]})[result][0] for window in x])


def draw(shape: tuple[int, ...], count: int = 60) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 2, (count, *shape)).astype(np.float32)


MODELS = {
    "per channel": lambda: per_channel(0),
    "half up": lambda: per_channel(1, "HALF_UP"),
    "half down": lambda: per_channel(2, "HALF_DOWN"),
    "floor": lambda: per_channel(3, "FLOOR"),
    "towards zero": lambda: per_channel(4, "DOWN"),
    "bipolar": bipolar,
}


@pytest.mark.parametrize("name", MODELS)
def test_golden_model(name: str) -> None:
    model = MODELS[name]()
    network = accel.convert_from_onnx_model(model).network
    x = draw((6,))
    assert_exact(network, x, execute(cleanup_model(ModelWrapper(model)).model, x))


def test_channels_have_formats_of_their_own() -> None:
    network = accel.convert_from_onnx_model(per_channel(0)).network
    assert any(isinstance(node.spec, ElementQuantizer) for node in network.nodes)


def test_rtl(tmp_path: Path) -> None:
    network = accel.convert_from_onnx_model(per_channel(0)).network
    assert_rtl_equal(network, draw((6,)), tmp_path)


@pytest.mark.parametrize("seed", range(2))
def test_exported_from_brevitas(seed: int, tmp_path: Path) -> None:
    model, path = models.mlp(seed), tmp_path / "model.onnx"
    export_qonnx(model, torch.randn(1, 6), str(path))
    network = accel.convert_from_onnx_model(path).network
    x = draw((6,), 500)
    assert_exact(network, x, models.infer(model, torch.from_numpy(x)).numpy())


def test_convolutions_exported_from_brevitas(tmp_path: Path) -> None:
    model, path = models.convolutional(0), tmp_path / "model.onnx"
    export_qonnx(model, torch.randn(1, 2, 9), str(path))
    network = accel.convert_from_onnx_model(path).network
    x = draw((2, 9), 300)
    expected = models.infer(model, torch.from_numpy(x)).numpy()
    assert_exact(network, x.transpose(0, 2, 1), expected)


def test_plain_hls4ml_takes_the_backend() -> None:
    model = prepared_onnx(per_channel(0))
    graph = hls4ml.converters.convert_from_onnx_model(model, backend="Amaranth")
    network = vars(graph)["network"]
    assert isinstance(network, Network)
    x = draw((6,))
    assert_exact(network, x, execute(model, x))


def _single(**options: object) -> ModelProto:
    graph = Graph((6,))
    x = graph.quant("x", 1 / 8, 6)
    arguments = {"scale": 0.5, "bits": 4, **options}
    return graph.model(graph.quant(x, **arguments), (6,))  # pyright: ignore[reportArgumentType]


REFUSED = {
    "scale": (_single(scale=0.3), "scale 0.3 is no power of two"),
    "zero point": (_single(zero_point=1.0), "zero point is not 0"),
    "narrow": (_single(signed=0, narrow=1), "narrow and unsigned"),
    "rounding": (_single(rounding="CEIL"), "rounding_mode='CEIL' has no exact hardware"),
    "bits": (_single(bits=3.5), "bit widths are"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    model, message = REFUSED[name]
    with pytest.raises(ChronogateError, match=message):
        accel.convert_from_onnx_model(model)


def test_missing_file() -> None:
    with pytest.raises(ChronogateError, match=r"no model file missing\.onnx"):
        accel.convert_from_onnx_model("missing.onnx")
