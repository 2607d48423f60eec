"""Sums never overflow: a dense layer gives the exact sum for every input and every weight.

The widths of accumulators come from interval analysis (`hw.product.folded.sum_bounds`). Here the
sum is computed once more, in words that are wide enough for anything, of weights and biases that
are chosen freely.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import numpy as np
from amaranth.hdl import Array, Cat, Fragment, Module, Mux, Signal, Value, signed

from hw.layer.dense.dense import Dense
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.product import model_store
from hw.product.reloadable import ReloadableWeights
from sim.formal.bug import Bug
from sim.formal.property import Engine, Property
from sim.formal.setting import Setting, implies, named

INPUT = FixedPoint(3, 1)
WEIGHT = FixedPoint(3, 1)
BIAS = FixedPoint(4, 2)
WIDE = signed(16)


class ChosenWeights(ReloadableWeights):
    """A memory that nobody writes and that holds chosen codes, whatever they are.

    Parameters
    ----------
    table, format, attributes
        As of `ReloadableWeights`; a code of the table is the key of the one that is chosen.
    chosen
        The codes; what has no key is zero.
    """

    def __init__(
        self,
        table: np.ndarray,
        format: FixedPoint,
        attributes: Mapping[str, str] | None,
        chosen: Mapping[int, Value],
    ) -> None:
        super().__init__(table, format, attributes)
        self._chosen = chosen

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape, words = self._format.shape, list[Value]()
        for number, row in enumerate(self._table.tolist()):
            lanes = [Signal(shape, name=f"word{number}_{lane}") for lane in range(len(row))]
            m.d.comb += [
                lane.eq(self._chosen[key]) for lane, key in zip(lanes, row, strict=True) if key
            ]
            words.append(Cat(lanes))
        word = Signal.like(self.data.as_value(), name="word")
        with m.If(self.en):
            m.d.sync += word.eq(Array(words)[self.addr])
        m.d.comb += [self.data.as_value().eq(word), self.settled.eq(1)]
        return m


@contextmanager
def chosen_weights(chosen: Mapping[int, Value]) -> Iterator[None]:
    """Let reloadable layers be made with chosen weights meanwhile."""
    before = model_store.ReloadableWeights
    model_store.ReloadableWeights = partial(ChosenWeights, chosen=chosen)
    try:
        yield
    finally:
        model_store.ReloadableWeights = before


def is_exact(inputs: int, outputs: int, reuse: int) -> Callable[[Setting], None]:
    """Return the statement about a layer of this size, with any weights."""

    def build(s: Setting) -> None:
        keys = np.array([1, 2, 3, -1, -2, -3, -4])[: inputs * outputs].reshape(inputs, outputs)
        bias_keys = np.array([4, 5, 6, 7])[:outputs]
        weights = {int(key): _chosen(s, WEIGHT, f"weight{key + 4}") for key in keys.flat}
        biases = {int(key): _chosen(s, BIAS, f"bias{key}") for key in bias_keys}
        spec = Dense(keys, bias_keys, INPUT, WEIGHT, BIAS, reuse, reloadable=True)
        with chosen_weights(weights | biases):
            s.m.submodules.block = Fragment.get(block := spec.build(), None)
        x = [s.free(INPUT.width, f"x{i}") for i in range(inputs)]
        wait = Signal(range(reuse + 1), name="wait")
        comes = named(s.m, s.free(1, "offer") & (wait == 0), "comes")
        s.m.d.sync += wait.eq(Mux(comes, reuse - 1, wait - (wait != 0)))
        s.m.d.comb += [
            block.i.valid.eq(comes),
            *(block.i.payload.data[i].eq(value) for i, value in enumerate(x)),
        ]
        # Sums on the products' grid, on which the bias lies further left.
        places = INPUT.fraction + WEIGHT.fraction - BIAS.fraction
        for j in range(outputs):
            total = biases[int(bias_keys[j])] << places
            for i in range(inputs):
                total = total + x[i].as_signed() * weights[int(keys[i, j])]
            expected = named(s.m, total, f"sum{j}", WIDE)
            due = delay(s.m, expected, spec.timing.latency_cycles, f"due{j}")
            s.prove(implies(block.o.valid, block.o.payload.data[j] == due.as_signed()))
        assert spec.output.fraction == INPUT.fraction + WEIGHT.fraction

    return build


def _chosen(s: Setting, format: FixedPoint, name: str) -> Value:
    return named(s.m, s.chosen(format.width, f"{name}_code").as_signed(), name, format.shape)


_NARROWER = Bug(
    "hw.layer.dense.dense",
    "covering(int(ends[0].min()), int(ends[1].max()), fraction)",
    "covering(int(ends[0].min()) // 2, int(ends[1].max()) // 2, fraction)",
)

PROPERTIES = (
    Property(
        "sums are exact for all inputs, weights and biases",
        "Dense 2 x 1, 2 cycles",
        is_exact(2, 1, 2),
        _NARROWER,
        Engine.BMC,
        depth=16,
        quick=True,
    ),
    Property(
        "sums are exact for all inputs, weights and biases",
        "Dense 2 x 2, 2 cycles",
        is_exact(2, 2, 2),
        _NARROWER,
        Engine.BMC,
        depth=16,
    ),
    Property(
        "sums are exact for all inputs, weights and biases",
        "Dense 3 x 2, 3 cycles",
        is_exact(3, 2, 3),
        _NARROWER,
        Engine.BMC,
        depth=16,
    ),
)
