"""``Reloadable``: which layers a host can give new weights, as ``hls_config`` wishes."""

import numpy as np
import pytest

import accel
from accel.qkeras_compat import keras, qkeras
from hw.control.reload import model_writes, shape_fingerprint
from hw.errors import ChronogateError
from hw.network.graph import Network
from tests.accel.conversion.compare import assert_equal_to_qkeras, draw_codes
from tests.accel.conversion.layered import start
from tests.accel.conversion.models import bits, chain, dense, named, recurrent

L = keras.layers


def model(seed: int = 0) -> keras.Model:
    """A layer of each kind that takes new weights, on its own or as part of a piece."""
    keras.backend.clear_session()  # The names of layers are part of a network's shape.
    weights = {"kernel_quantizer": bits(6), "bias_quantizer": bits(8, 1)}
    points = {"depthwise_quantizer": bits(6), "pointwise_quantizer": bits(6)}
    separable = qkeras.QSeparableConv1D(2, 1, bias_quantizer=bits(8, 1), **points)
    layers = [
        named("conv", qkeras.QConv1D(2, 2, **weights)),
        qkeras.QActivation(bits(6, 1)),
        named("separable", separable),
        qkeras.QActivation(bits(6, 1)),
        named("gru", recurrent(qkeras.QGRU, 2)),
        named("head", dense(2)),
        qkeras.QActivation(bits(8, 2)),
    ]
    return chain([start(), *layers], (3, 2), seed)


def converted(source: keras.Model, **settings: object) -> Network:
    layers = settings.pop("layers", {})
    return accel.convert(source, hls_config={"Model": settings, "LayerName": layers}).network


def test_all_weights_of_a_model_are_reloadable() -> None:
    """Zeros are weights like others, since others may be loaded: no dead unit is removed."""
    source = model()
    network = converted(source, Reloadable=True)
    assert_equal_to_qkeras(source, network, draw_codes(network, 10, 0))
    names = [node.name for node in network.reloadable]
    assert names == ["conv", "separable_depthwise", "separable", "gru", "head"]
    source = model(1)
    gru = source.get_layer("gru")
    gru.set_weights([np.zeros_like(weight) for weight in gru.get_weights()])
    other = converted(source, Reloadable=True)
    assert shape_fingerprint(other) == shape_fingerprint(network)
    assert model_writes(network, other) != model_writes(network, network)


def test_an_engine_and_single_layers() -> None:
    pair = [start(), L.Flatten(), named("a", dense(3)), qkeras.QActivation(bits(6, 1))]
    source = chain([*pair, named("b", dense(2))])
    shared = converted(source, Strategy="Shared", Reloadable=True)
    assert [type(node.spec).__name__ for node in shared.reloadable] == ["SharedDense"]
    assert_equal_to_qkeras(source, shared, draw_codes(shared, 40, 0))
    single = converted(source, layers={"a": {"Reloadable": True}})
    assert [node.name for node in single.reloadable] == ["a"]
    assert not converted(source).reloadable
    with pytest.raises(ChronogateError, match=r"layer 'b': .* one memory .* differs in Reloadable"):
        converted(source, Strategy="Shared", layers={"a": {"Reloadable": True}})


@pytest.mark.parametrize(("layer", "settings", "message"), [
    (dense(2), {"Strategy": "Latency"}, "layer 'one': the weights of its UnrolledDense are wired"),
    (recurrent(qkeras.QLSTM), {"Strategy": "Latency"}, "the weights of its UnrolledLSTM are wired"),
    (recurrent(qkeras.QLSTM), {"InputThreshold": 0.1}, "the weights of its DeltaLSTM are wired"),
    (dense(2), {"SkipZeros": True}, "layer 'one': .* leave out skip_zeros or reloadable"),
    (L.MaxPooling1D(), {}, "layer 'one': it has no weights that could be replaced: leave Reload"),
])  # fmt: skip
def test_what_cannot_be_reloaded_is_refused(
    layer: keras.layers.Layer, settings: dict[str, object], message: str
) -> None:
    source = chain([start(), named("one", layer)])
    with pytest.raises(ChronogateError, match=message):
        converted(source, layers={"one": {"Reloadable": True, **settings}})
