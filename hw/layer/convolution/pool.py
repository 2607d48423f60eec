"""Pools: groups of successive steps that are brought together, and their accumulators."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
from amaranth.hdl import Array, Module, Mux, Signal, Value
from amaranth.lib import data

from hw.errors import ChronogateError
from hw.layer.series_state import series_state
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port
from hw.timing import BlockTiming, Emission


@dataclass(frozen=True)
class Pool:
    """Which steps are pooled.

    Parameters
    ----------
    steps
        Beats in a window.
    size, stride
        Steps in a pool, and from one pool to the next; `size` ``None`` for one pool of the whole
        window, whose result is one beat a window without a time axis.

    Raises
    ------
    ChronogateError
        When the window is shorter than a pool.
    """

    steps: int
    size: int | None = None
    stride: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.span <= self.steps or self.stride < 1:
            raise ChronogateError(
                f"a pool of {self.span} every {self.stride} steps has no place in a window of "
                f"{self.steps}: use a smaller pool_size or a longer window"
            )

    @property
    def span(self) -> int:
        """Steps in a pool."""
        return self.steps if self.size is None else self.size

    @property
    def period(self) -> int:
        """Steps from one pool to the next."""
        return self.steps if self.size is None else self.stride

    @property
    def outputs(self) -> int:
        """Pools in a window."""
        return (self.steps - self.span) // self.period + 1

    @property
    def open_pools(self) -> int:
        """Pools that are under way at the same time."""
        return min(ceil(self.span / self.period), self.outputs)

    def timing(self, latency_cycles: int) -> BlockTiming:
        trigger = tuple(j * self.period + self.span - 1 for j in range(self.outputs))
        return BlockTiming(latency_cycles, 1, emission=Emission(trigger, (0,) * self.outputs))

    def gather(self, codes: np.ndarray) -> np.ndarray:
        """Return the steps of every pool: ``(N, T, C)`` to ``(N, T_out, span, C)``."""
        starts = np.arange(self.outputs)[:, np.newaxis] * self.period
        return codes[:, starts + np.arange(self.span)]

    def result(self, values: np.ndarray) -> np.ndarray:
        """Drop the time axis of ``(N, T_out, C)`` where the pool is the whole window."""
        return values[:, 0] if self.size is None else values

    def ports(
        self, channels: int, source: FixedPoint, result: FixedPoint, series: int
    ) -> tuple[tuple[Port], tuple[Port]]:
        """Return the input port and the output port."""
        steps = None if self.size is None else self.outputs
        return (
            (Port("i", channels, source, self.steps, series),),
            (Port("o", channels, result, steps, series),),
        )


class PoolBlock(Block):
    """Pooling in hardware: one accumulator per channel and series for every pool under way.

    Parameters
    ----------
    source, result
        Ports; the result's format is also the accumulators'.
    pool
        Which steps are pooled.
    combine
        What an accumulator does with a value.
    """

    def __init__(
        self, source: Port, result: Port, pool: Pool, combine: Callable[[Value, Value], Value]
    ) -> None:
        super().__init__((source,), (result,))
        self._channels, self._kept = source.channels, result.format
        self._pool, self._combine, self._series = pool, combine, source.series

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pool = self._pool
        accumulator = data.ArrayLayout(self._kept.shape, self._channels * pool.open_pools)
        counters = {
            "done": pool.outputs.bit_length(),
            "begin_wait": max(pool.period - 1, 1).bit_length(),
            "begin_turn": pool.open_pools.bit_length(),
            "end_wait": max(pool.period - 1, pool.span - 1, 1).bit_length(),
            "end_turn": pool.open_pools.bit_length(),
        }
        layout = data.StructLayout({"kept": accumulator, **counters})
        self._state = state = series_state(m, self.i, self._series, layout, "pools")
        first = state.payload.tag.first
        # Pools begin and end in turn, so two small counters each tell when and which one.
        begins, entry = self._turn(m, "begin", 0)
        ends, leaving = self._turn(m, "end", pool.span - 1)
        done_now = Signal(range(pool.outputs + 1), name="pools_done_now")
        m.d.comb += [
            done_now.eq(Mux(first, 0, state.now.done)),
            state.following.done.eq(done_now + ends),
        ]
        with m.If(state.valid):
            m.d.sync += [
                self.o.payload.tag.as_value().eq(state.payload.tag.as_value()),
                self.o.payload.tag.first.eq(done_now == 0),
                self.o.payload.tag.last.eq(done_now == pool.outputs - 1),
            ]
        m.d.sync += self.o.valid.eq(state.valid & ends)
        for channel in range(self._channels):
            value = state.payload.data[channel]
            totals: list[Signal] = []
            for index in range(pool.open_pools):
                name = f"channel{channel}_pool{index}"
                place = channel * pool.open_pools + index
                kept = state.now.kept[place]
                total = Signal(self._kept.shape, name=name)
                begun = begins & (entry == index)
                m.d.comb += total.eq(Mux(begun, value, self._combine(kept, value)))
                m.d.comb += state.following.kept[place].eq(total)
                totals.append(total)
            m.d.sync += self.o.payload.data[channel].eq(Array(totals)[leaving])
        return m

    def _turn(self, m: Module, name: str, delay_beats: int) -> tuple[Signal, Signal]:
        """Return whether it is a pool's turn in this beat, and whose accumulator that is."""
        pool = self._pool
        state = self._state
        wait, next_wait = state.now[f"{name}_wait"], state.following[f"{name}_wait"]
        turn, next_turn = state.now[f"{name}_turn"], state.following[f"{name}_turn"]
        wait_now = Signal(len(wait), name=f"{name}_wait_now")
        turn_now = Signal(len(turn), name=f"{name}_turn_now")
        happens = Signal(name=f"{name}s")
        m.d.comb += [
            wait_now.eq(Mux(state.payload.tag.first, delay_beats, wait)),
            turn_now.eq(Mux(state.payload.tag.first, 0, turn)),
            happens.eq(wait_now == 0),
            next_wait.eq(Mux(happens, pool.period - 1, wait_now - 1)),
            next_turn.eq(Mux(happens & (turn_now != pool.open_pools), turn_now + 1, turn_now)),
        ]
        if pool.open_pools < pool.outputs:
            with m.If(happens & (turn_now == pool.open_pools - 1)):
                m.d.comb += next_turn.eq(0)
        return happens, turn_now
