"""Export: ONNX and QONNX equal in every value, and what has no counterpart refused by name."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from typer.testing import CliRunner

from accel.cli import app
from accel.export import speed
from accel.export.entry import Exported, export_network
from accel.export.formats import Format
from accel.export.lowering import exact_bits, lower
from accel.export.speed import Window
from accel.report.implementation import Implementation
from accel.runs.json_files import write_json
from accel.runs.records import Agreement, Conversion
from hw import (
    LSTM,
    ChronogateError,
    FixedPoint,
    Function,
    LeakyRelu,
    MovingAverage,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
)
from hw.function.pointwise import Pointwise
from hw.function.qkeras import power_of_two, real_sigmoid, ternary
from hw.function.table import Curve, make_table
from hw.network.mode import Mode
from hw.network.serialization import fingerprint, save_network
from tests.accel.export_numpy import NumpyOperations
from tests.accel.exporting import BYTE, draw, one
from tests.hw.chains import Chain, crossing, recurrent, residual, separable, shortcut, tcn
from tests.hw.drawing import draw_network
from tests.hw.graphs import GRAPHS

KINDS = ["mlp", "lstm", "gru_after", "gru_before"]


def to_qonnx(network: Network, folder: Path, seed: int = 0) -> Exported:
    return export_network(network, draw(network, seed=seed), Format.QONNX, folder / "model.onnx")


def exact(network: Network, folder: Path) -> bool:
    """Whether both kinds of ONNX are, each with its own runtime."""
    plain = export_network(network, draw(network), Format.ONNX, folder / "plain.onnx")
    return to_qonnx(network, folder).exact and plain.exact


@pytest.mark.parametrize("kind", [*KINDS, *GRAPHS])
@pytest.mark.parametrize("seed", range(4))
def test_real_arithmetic_gives_the_golden_models_values(kind: str, seed: int) -> None:
    network = GRAPHS[kind]() if kind in GRAPHS else draw_network(seed, kind)
    codes = draw(network, 60, seed)
    values = [p.format.to_float(c) for p, c in zip(network.inputs, codes, strict=True)]
    found = lower(network, NumpyOperations(), values)
    for port, result, value in zip(
        network.output_ports, network.evaluate(codes), found, strict=True
    ):
        assert (port.format.to_float(result) == value).all()


@pytest.mark.parametrize("kind", [*KINDS, *GRAPHS])
def test_qonnx_is_exact(kind: str, tmp_path: Path) -> None:
    network = GRAPHS[kind]() if kind in GRAPHS else draw_network(1, kind)
    found = to_qonnx(network, tmp_path)
    assert found.exact
    assert found.values > 0
    assert found.runtime.startswith("qonnx")
    assert found.speed is None


@pytest.mark.parametrize("kind", [*KINDS, *GRAPHS])
def test_onnx_is_exact_and_every_runtime_knows_it(kind: str, tmp_path: Path) -> None:
    network = GRAPHS[kind]() if kind in GRAPHS else draw_network(1, kind)
    file = tmp_path / "model.onnx"
    found = export_network(network, draw(network), Format.ONNX, file)
    assert found.exact
    assert found.values > 0
    assert found.runtime.startswith("onnxruntime")
    model = onnx.load_model(file)
    assert {node.domain for node in model.graph.node} == {""}
    assert [opset.domain for opset in model.opset_import] == [""]
    assert found.speed is not None
    assert found.speed.file_bytes == file.stat().st_size


def test_onnx_of_wide_numbers_is_exact(tmp_path: Path) -> None:
    network = draw_network(11, "gru_before")
    assert exact_bits(network) > 24
    assert exact(network, tmp_path)


@pytest.mark.parametrize("make", [tcn, separable, recurrent, residual, crossing, shortcut])
def test_onnx_of_convolutions_is_exact(make: Callable[[], Chain], tmp_path: Path) -> None:
    assert exact(make().network("chain"), tmp_path)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("rounding", "overflow"), list(product(Rounding, Overflow)))
def test_every_rounding_and_overflow(
    rounding: Rounding, overflow: Overflow, signed: bool, tmp_path: Path
) -> None:
    target = FixedPoint(4, 1, signed, rounding, overflow)
    network = one(Quantizer(Function.LINEAR, target))
    if overflow is Overflow.SAT_ZERO:
        plain = export_network(network, draw(network), Format.ONNX, tmp_path / "plain.onnx")
        assert plain.exact
        with pytest.raises(ChronogateError, match=r"layer 'function'.*SAT_ZERO.* no counterpart"):
            to_qonnx(network, tmp_path)
        return
    assert exact(network, tmp_path)


@pytest.mark.parametrize(
    "function",
    [
        real_sigmoid(6),
        ternary(0.5),
        power_of_two(4, 1.0),
        LeakyRelu(1, 3),
        LeakyRelu(0, highest=1.5, output=FixedPoint(5, 1, False, Rounding.RND, Overflow.SAT)),
        Quantizer(Function.HARD_SIGMOID, None),
        Quantizer(Function.HARD_TANH, FixedPoint(6, 1, True, Rounding.RND_CONV, Overflow.SAT)),
    ],
)
def test_every_function(function: Pointwise, tmp_path: Path) -> None:
    assert exact(one(function), tmp_path)


@pytest.mark.parametrize("overflow", list(Overflow))
@pytest.mark.parametrize("rounding", list(Rounding))
def test_onnx_takes_floats_that_lie_anywhere(
    rounding: Rounding, overflow: Overflow, tmp_path: Path
) -> None:
    """Ties, numbers just beside ties, and far outside; as the input's own format rounds them."""
    source = FixedPoint(6, 3, True, rounding, overflow)
    network = one(Quantizer(Function.LINEAR, BYTE), source)
    file = tmp_path / "model.onnx"
    export_network(network, draw(network), Format.ONNX, file)
    codes = np.arange(-90, 91) / 2
    near = np.concatenate([codes, codes + 2.0**-20, codes - 2.0**-20]).astype(np.float32)
    floats = (np.stack([near, -near, near / 3], axis=1) * source.step).astype(np.float32)
    session = onnxruntime.InferenceSession(file)
    found = [session.run(None, {"input": row[np.newaxis]})[0][0] for row in floats]
    wanted = network.reference(source.quantize(floats.astype(np.float64)))
    assert np.array_equal(np.array(found), network.output_format.to_float(wanted))


def test_a_half_behind_many_bits_takes_float64(tmp_path: Path) -> None:
    """x / 2 + 1/2 of a number far behind the point: float32 would round it before the format."""
    tiny = FixedPoint(10, -16, True)
    function = Quantizer(Function.HARD_SIGMOID, FixedPoint(8, 0, False, Rounding.TRN, Overflow.SAT))
    network = one(function, tiny)
    assert exact_bits(network) > 24
    assert exact(network, tmp_path)
    slope = LeakyRelu(33, 7, output=FixedPoint(8, 2, True, Rounding.TRN, Overflow.SAT))
    assert exact_bits(one(slope, FixedPoint(21, 3))) > 24


def test_a_file_that_its_runtime_refuses_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accel.export import onnx_operations

    monkeypatch.setattr(
        onnx_operations.OnnxOperations, "add", lambda self, a, b: self.node("No", [a])
    )
    network = draw_network(1, "mlp")
    with pytest.raises(
        ChronogateError, match=r"plain.onnx could not be written and run \(.*\): rep"
    ):
        export_network(network, draw(network), Format.ONNX, tmp_path / "plain.onnx")
    assert not list(tmp_path.iterdir())


def test_speeds_are_medians(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that goes on while a model is loaded or runs, longer every second time."""
    now = 0

    def work(milliseconds: int) -> None:
        nonlocal now
        now += milliseconds

    loads = iter((64, 2, 128, 4, 8))

    def load() -> Callable[[Window], list[np.ndarray]]:
        work(next(loads))
        return forecast

    def forecast(window: Window) -> list[np.ndarray]:
        work(int(window[0][0]))
        return [window[0] + 1]

    monkeypatch.setattr(speed, "perf_counter", lambda: now / 1024)
    file = tmp_path / "file"
    file.write_bytes(bytes(9))
    windows = np.array([[1], [32], [4]])
    results, found = speed.one_by_one(load, {"input": windows}, file)
    assert [result.tolist() for result in results] == [[[2], [33], [5]]]
    assert found == speed.Speed(9, 1000 * 8 / 1024, 1e6 * 4 / 1024)
    assert found.forecasts_per_second == 256


def test_a_wrong_file_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from accel.export import onnx_operations

    monkeypatch.setitem(onnx_operations._DIRECT, Rounding.RND_CONV, "FLOOR")
    network = one(Quantizer(Function.LINEAR, replace(BYTE, width=5)))
    with pytest.raises(ChronogateError, match="differ from the golden model"):
        to_qonnx(network, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_has_no_counterpart_is_refused_by_name(tmp_path: Path) -> None:
    port = Port("input", 2, BYTE, 4)
    smooth = Node("smooth", MovingAverage(2, BYTE, 4, 3, BYTE), ("input",))
    table = make_table(Curve.TANH, BYTE, 64)
    for network, said in (
        (Network("net", (port,), (smooth,), ("smooth",)), "'smooth': MovingAverage cannot"),
        (one(table), "'function': Table cannot"),
    ):
        with pytest.raises(ChronogateError, match=said):
            to_qonnx(network, tmp_path)
    lstm = draw_network(1, "lstm")
    layer = next(node.spec for node in lstm.nodes if isinstance(node.spec, LSTM))
    streams = replace(layer, steps=1)
    node = Node("lstm", streams, ("input",))
    network = Network("net", streams.inputs, (replace(node, inputs=(streams.inputs[0].name,)),),
                      ("lstm",), mode=Mode.STREAMING)  # fmt: skip
    with pytest.raises(ChronogateError, match="keeps its state from sample to sample"):
        export_network(network, [], Format.QONNX, tmp_path / "x")


def test_the_command_writes_into_the_run(tmp_path: Path) -> None:
    network = replace(draw_network(1, "mlp"), name="meter")
    save_network(network, tmp_path)
    write_json(tmp_path / "conversion.json",
               Conversion(fingerprint(network), 0, Agreement(0, 0, 0), 0, ""))  # fmt: skip
    made = Implementation("icebreaker", "iCE40UP5K", 25.0, 29.6, 0.0, 1, 1, 1, 1, "board_top.bin")
    (tmp_path / "bitstream" / "icebreaker").mkdir(parents=True)
    write_json(tmp_path / "bitstream" / "icebreaker" / "implementation.json", made)
    result = CliRunner().invoke(app, ["export", str(tmp_path), "--format", "qonnx"])
    assert result.exit_code == 0, result.stderr
    assert "0 of" in result.stdout
    written = tmp_path / "export" / "qonnx"
    assert (written / "meter.qonnx.onnx").is_file()
    found = json.loads((written / "export.json").read_text())
    assert found["mismatches"] == 0
    timing, hardware = network.timing, found["hardware"]
    assert hardware["board"] == "icebreaker"
    assert hardware["clock_mhz"] == 25
    assert hardware["is_routed"]
    assert hardware["window_us"] == timing.window_cycles / 25
    assert hardware["latency_us"] == timing.latency_cycles / 25
    assert hardware["forecasts_per_second"] == 25e6 / timing.interval_cycles
    assert "on icebreaker at 25 MHz (routed)" in result.stdout
