"""Coverage by data: what the golden model's conversions do, and the windows that make them."""

import numpy as np
import pytest

from hw import Activation, Dense, FixedPoint, Function, Network, Node, Port, Quantizer
from hw.number.fixed_point import Overflow, Rounding
from sim.coverage.bins import State
from sim.coverage.data import ABOVE, BELOW, TIE_DOWN, TIE_UP, Point, observe
from sim.coverage.windows import directed_windows
from sim.mutation.catalogue import gru, lstm
from tests.hw.drawing import draw_network
from tests.sim.narrowed import narrowed

WIDE = FixedPoint(6, 4)
NETWORKS = [
    lambda: narrowed(lstm()), lambda: narrowed(gru()), lambda: draw_network(1, "gru_before"),
]  # fmt: skip


def network(target: FixedPoint, function: Function = Function.LINEAR) -> Network:
    node = Node("narrow", Activation(1, WIDE, Quantizer(function, target)), ("x",))
    return Network("n", (Port("x", 1, WIDE),), (node,), ("narrow",))


def states(net: Network, *codes: int) -> dict[str, State]:
    arrays = (np.array(codes, dtype=np.int64)[:, np.newaxis],)
    return {b.name: b.state for b in observe(net, arrays).bins}


def test_saturation_on_both_sides_and_ties_both_ways() -> None:
    target = FixedPoint(3, 3, True, Rounding.RND_CONV, Overflow.SAT)
    assert set(states(network(target), 0).values()) == {State.NOT_REACHED}
    hit = {
        ABOVE: 31, BELOW: -32, TIE_DOWN: 2, TIE_UP: 6,  # 0.5 to 0, 1.5 to 2
    }  # fmt: skip
    for name, code in hit.items():
        found = states(network(target), 0, code)
        assert {key for key, state in found.items() if state is State.HIT} == {name}


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("overflow", list(Overflow))
def test_counts_agree_with_the_definition(rounding: Rounding, overflow: Overflow) -> None:
    target = FixedPoint(3, 3, True, rounding, overflow)
    point = Point("p", WIDE, target)
    codes = np.arange(WIDE.minimum, WIDE.maximum + 1)
    roomy = FixedPoint(20, 20, True, rounding, Overflow.SAT)
    rounded = roomy.resize(codes, WIDE)
    counts = {name: int(count[0]) for name, count in point.count(codes[np.newaxis]).items()}
    assert counts[ABOVE] == (rounded > 3).sum()
    assert counts[BELOW] == (rounded < target.minimum).sum()
    ties = codes % 4 == 2
    if point.rounds:
        assert counts[TIE_UP] == (ties & (rounded > codes // 4)).sum()
        assert counts[TIE_DOWN] == (ties & (rounded == codes // 4)).sum()
    # Whatever is shown to be impossible over the whole range does not happen there.
    possible = point.possible((WIDE.minimum, WIDE.maximum))
    assert {name for name, reason in possible.items() if not reason} == {
        name for name, count in counts.items() if count
    }


def test_what_the_interval_forbids_is_excluded() -> None:
    kernel = np.array([[1], [-1]])
    target = FixedPoint(5, 4, True, Rounding.RND, Overflow.SAT)
    small = FixedPoint(3, 3)
    dense = Dense(kernel, np.array([0]), small, FixedPoint(2, 2), FixedPoint(2, 2), 1)
    narrow = Activation(1, dense.outputs[0].format, Quantizer(Function.LINEAR, target))
    nodes = Node("dense", dense, ("x",)), Node("narrow", narrow, ("dense",))
    net = Network("n", (Port("x", 2, small),), nodes, ("narrow",))
    arrays = (np.array([[3, -4]]),)
    assert {b.state for b in observe(net, arrays).bins} <= {State.EXCLUDED}


def test_a_hard_tanh_never_saturates_below() -> None:
    target = FixedPoint(4, 1, True, Rounding.RND_CONV, Overflow.SAT)
    net = network(target, Function.HARD_TANH)
    assert states(net, 0)[BELOW] is State.EXCLUDED
    assert states(net, 31)[ABOVE] is State.HIT


@pytest.mark.parametrize("make", NETWORKS)
def test_directed_windows_hit_what_given_ones_do_not(make) -> None:
    net = make()
    arrays = (np.zeros((2, net.look_back, net.features), dtype=np.int64),)
    before = {(b.group, b.name) for b in observe(net, arrays).bins if b.hits}
    further = directed_windows(net, arrays, 1)
    assert further[0].tolist() == directed_windows(net, arrays, 1)[0].tolist()
    net.check_arrays(further)
    both = observe(net, tuple(np.concatenate(pair) for pair in zip(arrays, further, strict=True)))
    hit = {(b.group, b.name) for b in both.bins if b.hits}
    assert len(hit) > len(before) + 5
    assert {name for _, name in hit} >= {ABOVE, TIE_UP, TIE_DOWN}
    # No impossible one among them, and each window was worth its time.
    assert not [b for b in both.bins if b.hits and b.excluded]
    assert len(further[0]) <= len(hit) - len(before)
