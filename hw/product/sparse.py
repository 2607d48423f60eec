"""Folded products of a sparse kernel: zero weights take neither a multiplier nor a cycle.

The nonzero products stand in one row, output after output, which is cut into lanes of equal
length. So ``ceil(nonzero / reuse)`` lanes do, whatever the pattern; a lane is a multiplier and an
accumulator and ends one output at most in a cycle. An output that a cut divides has a *piece* in
several lanes; their sums are added at the end, one adder for each cut at most, so that a kernel
without zeros needs no more adders than columns of lanes (`hw.product.columns`) do.

What is lost is the ring of operands, which no longer meet the lanes in order: each lane has a
multiplexer, steered by the word that holds its weight, of only those inputs that it ever needs.
These are ``min(reuse, n_in)`` at most, and a multiplexer of n bits takes about n / 2 LUTs. A memory
of operands for each lane would need fewer, but a beat brings all operands in a single cycle.

Cycles, from the beat in cycle 0::

    lead               the vector is sampled
    1 + lead + k       weights of cycle k
    + operand_stages   operands, multiplexed
    + 1                product registers
    + 1                accumulators
    + sum_stages       sums of pieces
    + 1                outputs
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.number.fixed_point import FixedPoint
from hw.product.folded import lanes_for, tree_stages
from hw.product.storage import Storage
from hw.product.weight_code import WeightCode, weight_code


@dataclass(frozen=True)
class Piece:
    """Cycles in a row in which a lane works on one output.

    Parameters
    ----------
    output
        Which.
    first
        Cycle of its first product.
    rows
        Inputs that are multiplied, one a cycle.
    is_head
        Whether the output begins here, and so with its bias.
    """

    output: int
    first: int
    rows: tuple[int, ...]
    is_head: bool

    @property
    def last(self) -> int:
        """Cycle of the last product."""
        return self.first + len(self.rows) - 1


@dataclass(frozen=True)
class Lane:
    """A multiplier, its accumulator, and what they do in turn."""

    pieces: tuple[Piece, ...]

    @cached_property
    def operands(self) -> tuple[int, ...]:
        """The inputs that are ever needed, ascending."""
        return tuple(sorted({row for piece in self.pieces for row in piece.rows}))

    @property
    def select_bits(self) -> int:
        """Bits that steer the multiplexer."""
        return (len(self.operands) - 1).bit_length()


@dataclass(frozen=True, eq=False)
class SparsePlan:
    """The lanes of a sparse product.

    Parameters
    ----------
    kernel
        int64 codes ``(n_in, n_out)``.
    format
        Of the kernel.
    reuse
        Cycles that the product may take.
    storage
        Where the weights lie.
    """

    kernel: np.ndarray
    format: FixedPoint
    reuse: int
    storage: Storage = Storage.AUTO

    @cached_property
    def products(self) -> int:
        """Nonzero weights."""
        return int(np.count_nonzero(self.kernel))

    @property
    def multipliers(self) -> int:
        """Lanes; none where all weights are zero."""
        return min(lanes_for(self.products, self.reuse), self.products)

    @cached_property
    def code(self) -> WeightCode:
        """How the weights are stored, and what multiplies by them."""
        padded = self.multipliers * self.busy_cycles > self.products
        return weight_code([self.kernel[self.kernel != 0]], [self.format], padded)

    @property
    def shifters(self) -> int:
        """Multipliers that are none, because they only shift."""
        return self.multipliers if self.code.is_shift else 0

    @property
    def busy_cycles(self) -> int:
        """Cycles from the first operand to the last, both counted."""
        return -(-self.products // max(self.multipliers, 1))

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        """What each multiplier does."""
        outputs, rows = np.nonzero(self.kernel.T)
        length = self.busy_cycles
        return tuple(
            Lane(tuple(_pieces(outputs, rows, begin, min(begin + length, self.products))))
            for begin in range(0, self.products, max(length, 1))
        )

    @cached_property
    def pieces_of(self) -> dict[int, tuple[tuple[int, Piece], ...]]:
        """For each output that is not constant, its pieces, each behind the number of its lane."""
        found: dict[int, tuple[tuple[int, Piece], ...]] = {}
        for number, lane in enumerate(self.lanes):
            for piece in lane.pieces:
                found[piece.output] = (*found.get(piece.output, ()), (number, piece))
        return found

    @property
    def word_bits(self) -> int:
        """Bits in a cycle: for each lane a weight, which operand, whether a piece begins."""
        return sum(
            self.code.width + lane.select_bits + (len(lane.pieces) > 1) for lane in self.lanes
        )

    @property
    def in_block_ram(self) -> bool:
        return self.storage.in_block_ram(self.busy_cycles, self.word_bits)

    @property
    def lead(self) -> int:
        """Cycles from the beat until its vector is sampled: a block RAM has an output register."""
        return int(self.in_block_ram)

    @property
    def operand_stages(self) -> int:
        """One where operands are multiplexed."""
        return int(self.busy_cycles > 1)

    @property
    def sum_stages(self) -> int:
        """Registers between accumulators and outputs, the same for all outputs."""
        return tree_stages(self.most_pieces)

    @property
    def most_pieces(self) -> int:
        """Most pieces of an output."""
        return max((len(pieces) for pieces in self.pieces_of.values()), default=1)

    @property
    def sum_delay(self) -> int:
        """Cycles from the beat to the sum of what ends in the first cycle."""
        return self.lead + self.operand_stages + 3 + self.sum_stages

    @property
    def latency_cycles(self) -> int:
        """Cycles from the beat to the outputs."""
        return self.sum_delay + self.busy_cycles if self.products else 1

    def words(self) -> list[int]:
        """Return the memory's words, one a cycle, the first lane in the low bits.

        Each lane has, from low to high, its weight (`code`), the place of the operand among its
        `Lane.operands`, and, if there are several pieces, whether one begins.
        """
        stored, bits = self.code.encode(self.kernel), self.code.width
        words, offset = [0] * self.busy_cycles, 0
        for lane in self.lanes:
            places = {row: place for place, row in enumerate(lane.operands)}
            first_bit = offset + bits + lane.select_bits
            for piece in lane.pieces:
                for cycle, row in enumerate(piece.rows, piece.first):
                    words[cycle] |= int(stored[row, piece.output]) << offset
                    words[cycle] |= places[row] << offset + bits
                if len(lane.pieces) > 1:
                    words[piece.first] |= 1 << first_bit
            offset = first_bit + (len(lane.pieces) > 1)
        return words


def _pieces(outputs: np.ndarray, rows: np.ndarray, begin: int, end: int) -> Iterator[Piece]:
    """Yield the pieces among products `begin` to `end` of the row."""
    starts = [i for i in range(begin, end) if i == begin or outputs[i] != outputs[i - 1]]
    for first, behind in zip(starts, [*starts[1:], end], strict=True):
        is_head = first == 0 or outputs[first] != outputs[first - 1]
        yield Piece(
            int(outputs[first]), first - begin, tuple(rows[first:behind].tolist()), bool(is_head)
        )
