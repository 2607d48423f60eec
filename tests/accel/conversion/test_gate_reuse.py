"""``GateReuseFactors``: the input product of an LSTM or a GRU folded gate by gate."""

import pytest

import accel
from accel.qkeras_compat import qkeras
from hw import ChronogateError
from tests.accel.conversion.compare import assert_equal_to_qkeras, draw_codes
from tests.accel.conversion.models import bits, chain, recurrent


@pytest.mark.parametrize(
    ("kind", "factors"), [(qkeras.QLSTM, [2, 2, 3, 6]), (qkeras.QGRU, [6, 2, 3])]
)
def test_gates_are_folded_apart(kind: type, factors: list[int]) -> None:
    model = chain([qkeras.QActivation(bits(8, 2)), recurrent(kind)])
    settings = {"GateReuseFactors": factors, "RecurrentReuseFactor": 4}
    network = accel.convert(model, hls_config={"LayerType": {kind.__name__: settings}}).network
    layer = network.nodes[0].spec
    assert layer.gate_reuse == tuple(factors)
    assert layer.folding.gates == tuple(-(-6 // factor) for factor in factors)
    assert_equal_to_qkeras(model, network, draw_codes(network, 50, 1))


@pytest.mark.parametrize(
    ("kind", "factors", "message"),
    [
        (qkeras.QLSTM, [2, 2, 3], "3 reuse factors for 4 gates"),
        (qkeras.QSimpleRNN, [2], "use ReuseFactor"),
        (qkeras.QGRU, 3, "GateReuseFactors is 3: give a list"),
    ],
)
def test_refusals(kind: type, factors: object, message: str) -> None:
    model = chain([qkeras.QActivation(bits(8, 2)), recurrent(kind)])
    with pytest.raises(ChronogateError, match=message):
        accel.convert(model, hls_config={"Model": {"GateReuseFactors": factors}})


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (qkeras.QLSTM, {"Strategy": "Latency"}, "takes adders alone.*GateReuseFactors or Strategy"),
        (qkeras.QLSTM, {"Strategy": "Shared"}, "one pool.*leave GateReuseFactors or Strategy out"),
        (qkeras.QGRU, {"Strategy": "Shared"}, "one pool.*leave GateReuseFactors or Strategy out"),
        (qkeras.QGRU, {"InputThreshold": 0.5}, "delta updates take one pool.*the thresholds out"),
    ],
)
def test_no_gates_where_there_is_one_engine(
    kind: type, settings: dict[str, object], message: str
) -> None:
    gates = [2, 2, 3, 6] if kind is qkeras.QLSTM else [6, 2, 3]
    model = chain([qkeras.QActivation(bits(8, 2)), recurrent(kind)])
    with pytest.raises(ChronogateError, match=f"(?s){message}"):
        accel.convert(model, hls_config={"Model": {"GateReuseFactors": gates, **settings}})
