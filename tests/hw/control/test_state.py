"""States that a host saves, restores and clears, while other series go on."""

from dataclasses import replace

import numpy as np
import pytest

from hw import ChronogateError, Network, Node, Port
from hw.control.map import host_memories
from hw.control.state import state_memories
from hw.network.mode import Mode
from tests.hw.control.top import Top
from tests.hw.drawing import draw_codes
from tests.hw.recurrent_shapes import recurrent_layer

PART = 4
"""Samples of a series before it is saved, and after it is restored."""


def make_network(kind: str, series: int, seed: int) -> Network:
    options = {"return_sequences": True, "state_access": True, "multipliers": 6}
    layer = recurrent_layer(kind, 2, 3, 1, seed, series=series, **options)
    # Small weights, so that the state matters for long.
    kernels = {"kernel": layer.kernel >> 4, "recurrent_kernel": layer.recurrent_kernel >> 2}
    layer = replace(layer, **kernels)
    port = Port("input", 2, layer.input, 1, series)
    nodes = (Node("layer", layer, ("input",)),)
    return Network("keeps", (port,), nodes, ("layer",), mode=Mode.STREAMING)


class Series:
    """The series of a design, each fed and checked on its own; the last one is the host's."""

    def __init__(self, top: Top, rng: np.random.Generator) -> None:
        self.top, self._rng = top, rng
        self.count = top.network.input.series
        self.mine = self.count - 1
        self.sent: list[list[list[int]]] = [[] for _ in range(self.count)]

    def send(self, series: int, rows: list[list[int]]) -> None:
        self.sent[series] += rows
        self.top.beats += [(row, False, series) for row in rows]

    def send_others(self) -> None:
        """Keep the other series going."""
        while self.mine and len(self.top.beats) - self.top.sent < 3:
            port = self.top.network.input
            rows = draw_codes(self._rng, port.format, 1, port.channels).tolist()
            self.send(int(self._rng.integers(self.mine)), rows)

    def taken(self, series: int) -> list[list[int]]:
        return [codes for codes, _, number in self.top.taken if number == series]

    async def through(self, ctx) -> None:
        """Wait until all that was sent for the host's series has come out."""
        while len(self.taken(self.mine)) < len(self.sent[self.mine]):
            await ctx.tick()


@pytest.mark.parametrize(
    ("kind", "series", "ready"),
    [
        ("lstm", 1, 1.0),
        ("lstm", 3, 0.4),
        ("lstm", 40, 1.0),  # so many that the states lie in block RAM
        ("gru_after", 1, 0.4),
        ("gru_before", 2, 0.4),
        ("simple_rnn", 5, 0.4),
    ],
)
def test_a_series_goes_on_from_where_it_was_saved(kind: str, series: int, ready: float) -> None:
    network = make_network(kind, series, 3)
    rng = np.random.default_rng([series, len(kind)])
    top = Top(network, rng, ready)
    all_series = Series(top, rng)
    mine = all_series.mine
    codes = draw_codes(rng, network.input_format, 1, 2 * PART, network.features)
    other = draw_codes(rng, network.input_format, 1, PART, network.features)
    expected = network.reference(codes)[0]
    begun, states = (memory.name for memory in state_memories(network))
    words = state_memories(network)[1].words // series
    first = mine * words
    found: dict[str, list[list[int]]] = {}

    async def feed(ctx) -> None:
        while True:
            all_series.send_others()
            await ctx.tick()

    async def sent(ctx, rows: np.ndarray) -> list[list[int]]:
        before = len(all_series.taken(mine))
        all_series.send(mine, rows.tolist())
        await all_series.through(ctx)
        return all_series.taken(mine)[before:]

    async def bench(ctx) -> None:
        found["before"] = await sent(ctx, codes[0, :PART])
        saved = [await top.move(ctx, states, first + k) for k in range(words)]
        assert await top.move(ctx, begun, mine) == 1
        await top.move(ctx, begun, mine, 0)
        found["other"] = await sent(ctx, other[0])
        for k, word in enumerate(saved):
            await top.move(ctx, states, first + k, word)
        assert [await top.move(ctx, states, first + k) for k in range(words)] == saved
        found["after"] = await sent(ctx, codes[0, PART:])

    top.background.append(feed)
    top.run(bench)
    assert found["before"] == expected[:PART].tolist()
    assert found["other"] == network.reference(other)[0].tolist(), "clearing begins a new series"
    assert found["after"] == expected[PART:].tolist(), "the restored series is another one"
    assert expected[PART:].tolist() != network.reference(codes[:, PART:])[0].tolist()
    for number in range(mine):
        rows = np.array(all_series.sent[number], dtype=np.int64).reshape(1, -1, network.features)
        answers = all_series.taken(number)
        assert not answers or answers == network.reference(rows)[0, : len(answers)].tolist()
    assert not mine or len(top.taken) > 5 * PART


def test_half_of_a_state_is_refused() -> None:
    network = make_network("lstm", 2, 3)
    assert [memory.words for memory in state_memories(network)] == [2, 16]
    with pytest.raises(ChronogateError, match="use the streaming mode"):
        host_memories(replace(network, mode=Mode.WINDOW))
    layer = network.nodes[0].spec
    second = recurrent_layer("simple_rnn", 3, 2, 1, series=2, multipliers=2)
    second = replace(second, input=layer.outputs[0].format)
    nodes = (*network.nodes, Node("second", second, ("layer",)))
    with pytest.raises(ChronogateError, match="those of second cannot"):
        host_memories(replace(network, nodes=nodes, outputs=("second",)))
