"""How recurrent layers are computed, as ``hls_config`` wishes: the same codes, other hardware."""

from pathlib import Path

import numpy as np
import pytest

import accel
from accel.conversion.hls_layers.blocks import inexact_reason
from accel.qkeras_compat import keras, qkeras
from hw.errors import ChronogateError
from hw.layer.delta.gru import DeltaGRU
from hw.layer.delta.lstm import DeltaLSTM
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shared_lstm.shared_lstm import SharedLSTM
from hw.network.graph import Network, Node
from hw.product.storage import Storage
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.accel.conversion.compare import assert_equal_to_qkeras, compare_codes, draw_codes
from tests.accel.conversion.layered import start
from tests.accel.conversion.models import bits, chain, dense, named, recurrent

L = keras.layers


def model(kind: type = qkeras.QLSTM, units: int = 4, **options: object) -> keras.Model:
    return chain([start(), named("cell", recurrent(kind, units, **options)), dense(2)])


def converted(source: keras.Model, layer: dict[str, object], **settings: object) -> Network:
    config = {"Model": settings, "LayerName": {"cell": layer}}
    return accel.convert(source, hls_config=config).network


def cell(network: Network) -> Node:
    return next(node for node in network.nodes if node.name == "cell")


@pytest.mark.parametrize(("settings", "kind"), [
    ({"Strategy": "Latency"}, UnrolledLSTM),
    ({"Strategy": "Latency", "ReuseFactor": 2}, LSTM),
    ({"Strategy": "Shared", "ReuseFactor": 30}, SharedLSTM),
    ({"Strategy": "Shared", "ReuseFactor": 2}, LSTM),  # more than an engine can use
    ({"Strategy": "Latency", "Series": 3, "Mode": "streaming"}, LSTM),
])  # fmt: skip
def test_which_hardware(settings: dict[str, object], kind: type) -> None:
    whole = {key: settings.pop(key) for key in ("Series", "Mode") if key in settings}
    network = converted(model(), settings, **whole)
    assert type(cell(network).spec) is kind
    if not whole:
        assert_equal_to_qkeras(model(), network, draw_codes(network, 50, 0))
        assert inexact_reason(network) == ""


@pytest.mark.parametrize("settings", [
    {"Strategy": "Latency", "AdderLevels": 4}, {"Strategy": "Shared", "ReuseFactor": 40},
])  # fmt: skip
def test_other_hardware_gives_the_same_codes(settings: dict[str, object], tmp_path: Path) -> None:
    network = converted(model(), settings)
    codes = draw_codes(network, 40, 0)
    assert_equal_to_qkeras(model(), network, codes)
    with RtlModel(network, tmp_path, optimize="-O0") as rtl:
        outputs = rtl.run(codes, input_gaps=0.3, output_stalls=0.3, seed=1).outputs
        compare_codes("RTL", network.reference(codes), outputs)
        rtl.reset()
        assert measure_cycles(rtl) == CycleReport.predicted(network.timing)


def test_a_stream_of_single_steps() -> None:
    source = chain([start(), named("cell", recurrent(qkeras.QLSTM, 4)), dense(2)], (1, 2))
    for settings in ({"Strategy": "Latency"}, {"Strategy": "Shared", "ReuseFactor": 30}):
        network, plain = (converted(source, s, Mode="streaming") for s in (settings, {}))
        assert type(cell(network).spec) is not LSTM
        codes = np.random.default_rng(0).integers(-20, 20, (3, 9, 2))
        assert (network.reference(codes) == plain.reference(codes)).all()


def test_adder_levels() -> None:
    few, many = (
        cell(converted(model(), {"Strategy": "Latency", "AdderLevels": n})).spec.timing
        for n in (1, 8)
    )
    assert few.latency_cycles > many.latency_cycles


def test_storage() -> None:
    whole = converted(model(), {}, Storage="Block_RAM")
    assert {getattr(node.spec, "storage", None) for node in whole.nodes} >= {Storage.BLOCK_RAM}
    one = converted(model(qkeras.QGRU), {"Storage": "rom"})
    spec = cell(one).spec
    assert isinstance(spec, GRU)
    assert spec.storage is Storage.ROM
    with pytest.raises(ChronogateError, match="layer 'cell': as it is configured it keeps no"):
        converted(model(), {"Strategy": "Latency", "Storage": "rom"})
    with pytest.raises(ChronogateError, match="Storage is 'flash': write one of 'Auto', 'Rom'"):
        converted(model(), {"Storage": "flash"})
    layers = [start(), L.Flatten(), named("a", dense(3)), named("b", dense(2))]
    config = {"Model": {"Strategy": "Shared"}, "LayerName": {"a": {"Storage": "rom"}}}
    with pytest.raises(ChronogateError, match=r"layer 'b': .* one memory .* Storage is rom and au"):
        accel.convert(chain(layers), hls_config=config)
    config["LayerName"]["b"] = {"Storage": "rom"}
    (engine,) = accel.convert(chain(layers), hls_config=config).network.nodes[1:]
    assert engine.spec.storage is Storage.ROM


def test_delta_updates(tmp_path: Path) -> None:
    source = model(qkeras.QGRU, reset_after=True)
    # The input has 4 fractional bits, the state 7.
    network = converted(source, {"InputThreshold": 0.2, "StateThreshold": 0.05, "ReuseFactor": 4})
    spec = cell(network).spec
    assert isinstance(spec, DeltaGRU)
    assert (spec.input_threshold, spec.state_threshold) == (3, 6)
    codes = np.cumsum(np.random.default_rng(1).integers(-3, 4, (30, 4, 2)), axis=1)
    expected = network.reference(codes)
    still = converted(source, {"StateThreshold": 0})
    assert isinstance(cell(still).spec, DeltaGRU)
    exact = assert_equal_to_qkeras(source, still, codes)
    assert (expected != exact).any()
    with RtlModel(network, tmp_path, optimize="-O0") as rtl:
        compare_codes("RTL", expected, rtl.run(codes).outputs)
        rtl.reset()
        assert measure_cycles(rtl) == CycleReport.predicted(network.timing)


def test_delta_updates_of_all_layers_that_have_them() -> None:
    network = converted(model(), {}, InputThreshold=0.5)
    assert [type(node.spec).__name__ for node in network.nodes] == ["DeltaLSTM", "Dense"]
    assert isinstance(spec := cell(network).spec, DeltaLSTM)
    assert spec.state_threshold == 0


def _initial() -> keras.Model:
    past, state = keras.Input((4, 2)), keras.Input((4,))
    layer = named("cell", recurrent(qkeras.QGRU, 4, reset_after=True))
    return keras.Model([past, state], layer(start()(past), initial_state=state))


@pytest.mark.parametrize(("source", "layer", "settings", "message"), [
    (model(qkeras.QSimpleRNN), {"InputThreshold": 1}, {}, "layer 'cell': delta updates are for"),
    (model(qkeras.QGRU), {"InputThreshold": 1}, {}, "layer 'cell': .*reset_after=True"),
    (model(), {"InputThreshold": -1}, {}, "InputThreshold is -1: give a number, 0 or more"),
    (model(), {"InputThreshold": 1}, {"SkipZeros": True}, "layer 'cell': .* leave skip_zeros out"),
    (model(), {"InputThreshold": 1}, {"Series": 3, "Mode": "streaming"}, "cell.* 3 series"),
    (_initial(), {"StateThreshold": 1}, {}, "layer 'cell': delta updates begin every window with"),
    (model(go_backwards=True), {"StateThreshold": 1}, {}, "cell depends on its data, so each"),
    (model(), {"Strategy": "Shared", "ReuseFactor": 30}, {"SkipZeros": True},
     "layer 'cell': Strategy='Shared' cannot skip zeros"),
    (chain([start(), L.Flatten(), named("cell", dense(2, kernel_quantizer=bits(4)))]),
     {"StateThreshold": 1}, {}, "layer 'cell': StateThreshold is for QLSTM and QGRU only"),
])  # fmt: skip
def test_refusals(
    source: keras.Model, layer: dict[str, object], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ChronogateError, match=message):
        converted(source, layer, **settings)
