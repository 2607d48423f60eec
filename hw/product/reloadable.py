"""Weights that a host replaces at run time, double-buffered: no window mixes two models.

Every memory has two banks. The host fills the one that no window uses, then commits, once for all
layers; `ModelSelect` at the entry lets the next window be the first with the new weights. From
there the number of its bank, ``model``, has to travel with the window (beside ``tag.first``) and
selects the bank in every layer: layers work on different windows at the same time, so a common
"now" would give one window the old weights in one layer and the new ones in the next.

A layer takes no new weights between a commit and its own first read for a window of the new model:
until then its other bank may still be in use, or is yet to be used. Nor is there a new commit
before all layers have come so far. What a host writes meanwhile waits in front of the port.

A reset changes neither the weights nor which model is committed.

Two clock domains of one and the same clock: ``sync``, which the clock enable freezes, and ``host``,
which nothing freezes. In the top::

    m.domains.host = ClockDomain()
    m.d.comb += [ClockSignal("host").eq(self.aclk), ResetSignal("host").eq(~self.aresetn)]
"""

from collections.abc import Mapping

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory as MemoryBlock
from amaranth.lib.wiring import In, Out

from hw.memory_port import Memory, MemoryInterface
from hw.number.fixed_point import FixedPoint


class ModelSelect(wiring.Component):
    """Decides which bank a window uses, at its first beat.

    ``model`` is right from the cycle of `boundary` on, in which a window's first beat is taken,
    until the next one. While frozen, it may still change to a model that is just committed.
    `commit` while not `settled` does nothing; the control plane tells the host.
    """

    boundary: Signal
    model: Signal
    commit: Signal
    settled: Signal
    target: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "boundary": In(1),
                "model": Out(1),
                "commit": In(1),  # pulse, host
                "settled": In(1),  # all layers use the model committed last
                "target": Out(1),  # the model of windows to come, host
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        current = Signal(name="current_model", reset_less=True)
        target = Signal(name="target_model", reset_less=True)
        m.d.comb += [
            self.target.eq(target),
            self.model.eq(Mux(self.boundary, target, current)),
        ]
        m.d.sync += current.eq(self.model)
        m.d.host += target.eq(target ^ (self.commit & self.settled))
        return m


class ReloadableWeights(wiring.Component):
    """Two banks of weights with one read port for the engine and one write port for the host.

    In the domain ``sync``: while `en` is high, row `addr` of bank `model` is read; it is on `data`
    in the next cycle and stays there until the next read, as with `amaranth.lib.memory`. A low `en`
    where nothing is read is required, since `model` counts only with it.

    In the domain ``host``: `port` writes single weights of the other bank, at address
    ``row << lane_bits | lane``; they are not initialized with the present model's but with
    those of the model before, so a host writes all of them. Requests to read are swallowed.

    Parameters
    ----------
    table
        int64 codes ``(rows, lanes)`` that both banks hold at first.
    format
        Their number format.
    attributes
        Of the memory, for synthesis.
    """

    addr: Signal
    en: Signal
    model: Signal
    data: data.View
    target: Signal
    settled: Signal
    port: MemoryInterface

    def __init__(
        self, table: np.ndarray, format: FixedPoint, attributes: Mapping[str, str] | None = None
    ) -> None:
        self._table, self._format, self._attributes = table, format, attributes or {}
        rows, lanes = table.shape
        self._row_bits, self._lane_bits = (max((n - 1).bit_length(), 0) for n in (rows, lanes))
        super().__init__(
            {
                "addr": In(max(self._row_bits, 1)),
                "en": In(1),
                "model": In(1),
                "data": Out(data.ArrayLayout(format.shape, lanes)),
                "target": In(1),
                "settled": Out(1),
                "port": In(self.describe("weights", "").signature),
            }
        )

    @property
    def lane_bits(self) -> int:
        """Bits of the host's address that select the lane."""
        return self._lane_bits

    def describe(self, name: str, description: str) -> Memory:
        """Return what a host must know of these weights."""
        words = (len(self._table) - 1 << self._lane_bits) + self._table.shape[1]
        return Memory(name, words, self._format.width, description, readable=False)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows, lanes = self._table.shape
        # The banks begin at powers of two, so that the bank is the address's highest bit.
        init = np.zeros(((1 << self._row_bits) + rows, lanes), dtype=np.int64)
        init[:rows] = init[-rows:] = self._table
        memory = MemoryBlock(
            shape=data.ArrayLayout(self._format.shape, lanes),
            depth=len(init),
            init=init.tolist(),
            # The two ports never meet in one bank; Yosys would guard against it.
            attrs={"no_rw_check": 1, **self._attributes},
        )
        m.submodules.banks = memory
        read, write = memory.read_port(), memory.write_port(domain="host", granularity=1)
        active = Signal(name="active_model", reset_less=True)
        with m.If(self.en):
            m.d.sync += active.eq(self.model)
        request = self.port.request
        payload = request.payload
        row = payload.address[self._lane_bits :]
        m.d.comb += [
            read.en.eq(self.en),
            read.addr.eq(Cat(self.addr[: self._row_bits], self.model)),
            self.data.eq(read.data),
            self.settled.eq(active == self.target),
            request.ready.eq(self.settled),
            write.addr.eq(Cat(row[: self._row_bits], ~active)),
        ]
        lane = payload.address[: self._lane_bits]
        for index in range(lanes):
            m.d.comb += [
                write.data[index].eq(payload.data),
                write.en[index].eq(request.valid & request.ready & payload.write & (lane == index)),
            ]
        return m
