"""All reloadable tables of one layer behind one memory port for the host.

A layer lists its tables in a fixed order: the same list tells the hardware what to build and the
host what to write where (`hw.control.reload`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.errors import ChronogateError
from hw.memory_port import Memory, MemoryInterface
from hw.number.fixed_point import FixedPoint
from hw.product.array import weight_words
from hw.product.bank import Lookup
from hw.product.folded import ArrayPlan
from hw.product.reloadable import ReloadableWeights
from hw.stream import Block

T = TypeVar("T")

MODELS = 2
"""Banks of every table: the model in use, and the one that the host writes."""


@dataclass(frozen=True, eq=False)
class ModelTable:
    """What one memory of a layer holds.

    Parameters
    ----------
    name
        Unique within the layer.
    codes
        int64 ``(rows, lanes)``; the hardware reads a row at a time, the host writes single codes.
    format
        Of the codes.
    attributes
        Of the memory, for synthesis.
    """

    name: str
    codes: np.ndarray
    format: FixedPoint
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def lane_bits(self) -> int:
        """Bits of the address that select the lane."""
        return (self.codes.shape[1] - 1).bit_length()

    @property
    def address_bits(self) -> int:
        """Bits of an address within the table: the row, above the lane."""
        return (len(self.codes) - 1).bit_length() + self.lane_bits


@runtime_checkable
class ReloadableSpec(Protocol):
    """What a layer offers whose weights a host can replace."""

    @property
    def reloadable(self) -> bool:
        """Whether it is asked for."""
        ...

    @property
    def model_tables(self) -> tuple[ModelTable, ...]:
        """What the host writes for a new model, in a fixed order."""
        ...


def tables_of(spec: object) -> tuple[ModelTable, ...]:
    """Return what a host can replace in a layer; nothing in most."""
    # First whether: to ask a layer of the protocol makes its tables, which not every layer has.
    if not getattr(spec, "reloadable", False):
        return ()
    assert isinstance(spec, ReloadableSpec), f"{spec} says that it is reloadable, and has no tables"
    return spec.model_tables


def array_fields(spec: object) -> dict[str, np.ndarray]:
    """Return the arrays among a spec's parameters: of a reloadable one, what a host replaces.

    Those of a layer within the spec are called by its place: ``layers.0.kernel``.
    """
    if not is_dataclass(spec):
        return {}
    found: dict[str, np.ndarray] = {}
    for item in fields(spec):
        value = getattr(spec, item.name)
        if isinstance(value, np.ndarray):
            found[item.name] = value
        elif isinstance(value, tuple):
            for place, part in enumerate(value):
                inner = array_fields(part)
                found |= {f"{item.name}.{place}.{key}": array for key, array in inner.items()}
    return found


def with_arrays(spec: T, arrays: Mapping[str, np.ndarray]) -> T:
    """Return a spec with other arrays, by the names of `array_fields`."""
    changed: dict[str, object] = {}
    parts: dict[str, dict[int, dict[str, np.ndarray]]] = {}
    for name, array in arrays.items():
        item, *rest = name.split(".", 2)
        if rest:
            parts.setdefault(item, {}).setdefault(int(rest[0]), {})[rest[1]] = array
        else:
            changed[item] = array
    for item, given in parts.items():
        layers = enumerate(getattr(spec, item))
        changed[item] = tuple(with_arrays(part, given.get(place, {})) for place, part in layers)
    assert is_dataclass(spec)
    assert not isinstance(spec, type)
    return replace(spec, **changed)


def bases(tables: Sequence[ModelTable]) -> tuple[int, ...]:
    """Return the first address of each table: a multiple of its size, a power of two."""
    found, end = [], 0
    for table in tables:
        size = 1 << table.address_bits
        base = -(-end // size) * size
        found.append(base)
        end = base + size
    return tuple(found)


def describe(tables: Sequence[ModelTable], name: str, description: str) -> Memory:
    """Return the one memory that the host sees."""
    last, base = tables[-1], bases(tables)[-1]
    words = base + ((len(last.codes) - 1) << last.lane_bits) + last.codes.shape[1]
    width = max(table.format.width for table in tables)
    return Memory(name, words, width, description, readable=False)


def array_tables(plans: Sequence[ArrayPlan]) -> list[ModelTable]:
    """Return the weights of arrays of multipliers."""
    return [
        ModelTable(
            f"weights{index}",
            weight_words(plan),
            plan.word_format,
            plan.storage.attributes(plan.in_block_ram, writable=True),
        )
        for index, plan in enumerate(plans)
    ]


def read_table(m: Module, table: ReloadableWeights, lookup: Lookup, address: Value) -> Value:
    """Return the code at `address`, which a lookup needs; the table has one lane."""
    m.d.comb += [
        table.addr.eq(address),
        table.en.eq(lookup.taken),
        table.model.eq(lookup.model),
    ]
    return table.data[0]


def check_codes(layer: str, codes: np.ndarray, format: FixedPoint, what: str) -> None:
    """Refuse what could not have been loaded either.

    Raises
    ------
    ChronogateError
        When a code lies outside `format`, on whose range the widths of a reloadable layer rest.
    """
    if codes.size and (codes.min() < format.minimum or codes.max() > format.maximum):
        raise ChronogateError(
            f"a {what} of a reloadable {layer} lies outside {format}: use a wider format"
        )


class ModelStore(wiring.Component):
    """The tables in hardware; `port` and `target` lie in the domain ``host``.

    Parameters
    ----------
    tables
        Of the layer.
    """

    target: Signal
    settled: Signal
    port: MemoryInterface

    def __init__(self, tables: Sequence[ModelTable]) -> None:
        self._tables = tuple(tables)
        self._memories = [ReloadableWeights(t.codes, t.format, t.attributes) for t in tables]
        signature = describe(tables, "model", "").signature
        super().__init__({"target": In(1), "settled": Out(1), "port": In(signature)})

    def __getitem__(self, name: str) -> ReloadableWeights:
        """Return the memory of the table called `name`."""
        index = next(k for k, table in enumerate(self._tables) if table.name == name)
        return self._memories[index]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        request = self.port.request
        address = request.payload.address
        settled = Signal(len(self._tables), name="table_settled")
        ready = Signal(name="ready")
        m.d.comb += [
            self.settled.eq(settled.all()),
            # What belongs to no table is swallowed.
            ready.eq(1),
            request.ready.eq(ready),
        ]
        for k, (table, memory, base) in enumerate(
            zip(self._tables, self._memories, bases(self._tables), strict=True)
        ):
            m.submodules[table.name] = memory
            chosen = Signal(name=f"{table.name}_chosen")
            inner = memory.port.request
            m.d.comb += [
                chosen.eq(_within(address, base, table.address_bits)),
                inner.valid.eq(request.valid & chosen),
                inner.payload.write.eq(request.payload.write),
                inner.payload.address.eq(address[: table.address_bits]),
                inner.payload.data.eq(request.payload.data),
                memory.target.eq(self.target),
                settled[k].eq(memory.settled),
            ]
            with m.If(chosen):
                m.d.comb += ready.eq(inner.ready)
        return m


def _within(address: Value, base: int, bits: int) -> Value:
    above = address[bits:]
    return above == base >> bits if len(above) else Const(1)


def store_members(tables: Sequence[ModelTable]) -> dict[str, wiring.Member]:
    """Return the members of a block with a `ModelStore` inside, for `lead_out`; else none."""
    if not tables:
        return {}
    signature = describe(tables, "model", "").signature
    return {"model_target": In(1), "model_settled": Out(1), "model_port": In(signature)}


def lead_out(m: Module, block: Block, store: ModelStore) -> None:
    """Connect a store to the members of the block around it."""
    m.d.comb += [
        store.target.eq(block.model_target),
        block.model_settled.eq(store.settled),
    ]
    wiring.connect(m, wiring.flipped(block.model_port), store.port)
