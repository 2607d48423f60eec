"""Strategies, targets and modes from ``hls_config``: the same codes, other hardware."""

from pathlib import Path

import numpy as np
import pytest

import accel
from accel.keras_models.float64 import evaluate_float64, stream_float64
from accel.qkeras_compat import keras, qkeras
from hw.layer.dense.dense import Dense
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.dense.unrolled_dense import UnrolledDense
from hw.layer.elementwise.activation import Activation
from hw.layer.recurrent.gru import GRU
from hw.layer.shape.replay import Replay
from hw.network.graph import Network
from hw.network.mode import Mode
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.accel.conversion.compare import assert_equal_to_qkeras, compare_codes, draw_codes
from tests.accel.conversion.layered import model_of, start
from tests.accel.conversion.models import bits, chain, dense, draw_weights, named, recurrent

L = keras.layers


def mlp() -> keras.Model:
    return chain([
        start(), L.Flatten(), named("wide", dense(6, activation=qkeras.quantized_relu(5, 1))),
        named("middle", dense(4)), named("squeeze", qkeras.QActivation(bits(6, 1))),
        named("head", dense(2)),
    ])  # fmt: skip


def converted(model: keras.Model, **settings: object) -> Network:
    return accel.convert(model, hls_config={"Model": settings}).network


def check_rtl(network: Network, codes: np.ndarray, folder: Path) -> None:
    """Compare codes and cycles, with gaps and stalls."""
    expected = network.reference(codes)
    with RtlModel(network, folder, optimize="-O0") as rtl:
        for gaps, stalls in ((0.0, 0.0), (0.4, 0.4)):
            outputs = rtl.run(codes, input_gaps=gaps, output_stalls=stalls, seed=1).outputs
            compare_codes(f"{network.name} in RTL", expected, outputs)
        rtl.reset()
        assert measure_cycles(rtl) == CycleReport.predicted(network.timing)


def test_latency_unrolls_dense_layers(tmp_path: Path) -> None:
    model = mlp()
    network = converted(model, Strategy="Latency")
    codes = draw_codes(network, 50, 0)
    assert_equal_to_qkeras(model, network, codes)
    specs = {node.name: node.spec for node in network.nodes}
    unrolled = [specs[name] for name in ("wide", "middle", "head")]
    assert all(isinstance(spec, UnrolledDense) for spec in unrolled)
    # A quantizer behind needs no register in front of it.
    assert [spec.registered_output for spec in unrolled] == [False, False, True]
    assert network.timing.interval_cycles == network.look_back
    assert network.timing.latency_cycles < converted(model).timing.latency_cycles
    check_rtl(network, codes, tmp_path)


def test_adder_levels_trade_registers_for_depth() -> None:
    model = mlp()
    few, many = (converted(model, Strategy="latency", AdderLevels=n).timing for n in (1, 8))
    assert few.latency_cycles > many.latency_cycles


def test_latency_with_a_reuse_factor_folds() -> None:
    specs = [n.spec for n in converted(mlp(), Strategy="Latency", ReuseFactor=3).nodes]
    assert [s.reuse for s in specs if isinstance(s, Dense)] == [3, 3, 3]


def test_shared_layers_run_on_one_engine(tmp_path: Path) -> None:
    model = mlp()
    network = converted(model, Strategy="Shared", ReuseFactor=12)
    (engine,) = (node.spec for node in network.nodes if isinstance(node.spec, SharedDense))
    assert len(engine.layers) == 3
    assert engine.multipliers == 4  # 8 * 6 products in 12 cycles
    assert not any(isinstance(node.spec, Activation) for node in network.nodes)
    codes = draw_codes(network, 50, 0)
    assert_equal_to_qkeras(model, network, codes)
    check_rtl(network, codes, tmp_path)


def test_a_layer_of_its_own_between_shared_ones() -> None:
    config = {"Model": {"Strategy": "Shared"}, "LayerName": {"middle": {"Strategy": "Resource"}}}
    network = accel.convert(mlp(), hls_config=config).network
    kinds = [type(node.spec).__name__ for node in network.nodes]
    assert kinds == ["Flatten", "SharedDense", "Dense", "Activation", "SharedDense"]
    assert_equal_to_qkeras(mlp(), network, draw_codes(network, 20, 0))


def test_shared_recurrent_layers_have_one_pool() -> None:
    network = converted(chain([start(), recurrent(qkeras.QGRU, 4)]), Strategy="Shared")
    (spec,) = (node.spec for node in network.nodes if isinstance(node.spec, GRU))
    assert spec.multipliers == (2 + 4) * 3 * 4 / 4


def test_zeros_are_skipped(tmp_path: Path) -> None:
    model = mlp()
    model.set_weights([w * (np.abs(w) > 0.5) for w in model.get_weights()])
    network = converted(model, SkipZeros=True, ReuseFactor=4)
    assert all(n.spec.skip_zeros for n in network.nodes if isinstance(n.spec, Dense))
    dense_network = converted(model, ReuseFactor=4)
    spent, before = (
        sum(layer.multipliers for layer in n.timing.layers) for n in (network, dense_network)
    )
    assert spent < before
    codes = draw_codes(network, 50, 0)
    assert_equal_to_qkeras(model, network, codes)
    check_rtl(network, codes, tmp_path)


def test_zeros_are_skipped_in_time() -> None:
    model = model_of("conv causal and lstm")
    model.set_weights([w * (np.abs(w) > 0.5) for w in model.get_weights()])
    network, full = converted(model, SkipZeros=True), converted(model)
    spent, before = (sum(n.spec.timing.products for n in x.nodes) for x in (network, full))
    assert spent < before
    assert_equal_to_qkeras(model, network, draw_codes(network, 20, 0))


@pytest.mark.parametrize("name", ["stacked lstm", "window mean subtracted", "conv strided",
                                  "backwards"])  # fmt: skip
def test_targets(name: str) -> None:
    model = model_of(name)
    interval = 2 * converted(model).timing.interval_cycles
    slow = converted(model, TargetInterval=interval)
    assert slow.timing.interval_cycles <= interval
    spent = sum(layer.multipliers for layer in slow.timing.layers)
    again = converted(model, TargetMultipliers=spent)
    assert sum(layer.multipliers for layer in again.timing.layers) <= spent
    by_clock = converted(model, TargetClock=50, TargetRate=49.99e6 / interval)
    assert by_clock.timing.interval_cycles == slow.timing.interval_cycles
    codes = draw_codes(slow, 20, 0)
    assert (slow.reference(codes) == again.reference(codes)).all()
    assert_equal_to_qkeras(model, slow, codes)


def test_sliding(tmp_path: Path) -> None:
    model = model_of("backwards")
    network = converted(model, Mode="Sliding")
    assert network.mode is Mode.SLIDING
    assert any(isinstance(node.spec, Replay) for node in network.nodes)
    codes = draw_codes(network, 2, 0)
    codes = np.concatenate([codes, codes[:, ::-1], codes], axis=1)
    forecasts = network.reference(codes)
    for begin in range(forecasts.shape[1]):
        window = network.input_format.to_float(codes[:, begin : begin + network.look_back])
        expected = np.ldexp(evaluate_float64(model, window), network.output_format.fraction)
        compare_codes("sliding", expected, forecasts[:, begin])
    check_rtl(network, codes, tmp_path)


def streamed(batch: int) -> keras.Model:
    """Return a stateful model for windows of one sample."""
    model = keras.Sequential([
        L.Input((1, 2), batch_size=batch), start(),
        recurrent(qkeras.QGRU, 3, stateful=True, return_sequences=True),
        recurrent(qkeras.QLSTM, 2, stateful=True), dense(2), qkeras.QActivation(bits(6, 1)),
    ])  # fmt: skip
    draw_weights(model, 3)
    return model


@pytest.mark.parametrize("series", [1, 3])
def test_stateful_models_stream(series: int, tmp_path: Path) -> None:
    model = streamed(4)
    network = converted(model, Series=series)
    assert network.mode is Mode.STREAMING
    assert network.input.series == series
    rng = np.random.default_rng(0)
    form = network.input_format
    codes = rng.integers(form.minimum, form.maximum, (4, 9, 2), endpoint=True)
    outputs = network.reference(codes)
    expected = stream_float64(model, form.to_float(codes))
    compare_codes("stream", np.ldexp(expected, network.output_format.fraction), outputs)
    check_rtl(network, codes[:series], tmp_path)


def test_a_windowed_model_streams() -> None:
    """Layers that need no window's end give a forecast at every sample."""
    model = chain([
        start(), qkeras.QConv1D(3, 2, padding="causal", kernel_quantizer=bits(5),
                                bias_quantizer=bits(6, 1)), qkeras.QActivation(bits(5, 1)),
        recurrent(qkeras.QGRU, 3, return_sequences=True), dense(2),
    ])  # fmt: skip
    network = converted(model, Mode="streaming")
    codes = draw_codes(converted(model), 20, 0)
    expected = evaluate_float64(model, network.input_format.to_float(codes))
    compare_codes(
        "stream", np.ldexp(expected, network.output_format.fraction), network.reference(codes)
    )
