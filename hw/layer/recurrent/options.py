"""What can be chosen of every recurrent layer, whatever its cell."""

from dataclasses import dataclass

from hw.errors import ChronogateError
from hw.product.storage import Storage


@dataclass(frozen=True, eq=False, kw_only=True)
class RecurrentOptions:
    """Folding, series, and what a host can reach.

    Parameters
    ----------
    input_reuse, recurrent_reuse
        Reuse factors of the input product and of the recurrent products (a GRU with the reset
        before has two that depend on each other), each with multipliers of its own; ``None`` for
        one pool.
    multipliers
        Size of the pool that does all products, or ``None``.
    return_sequences
        Whether every step's hidden state is given away, or the last one's only.
    series
        Independent series that share the hardware.
    storage
        Where the weights of both products lie.
    skip_zeros
        Leave zero weights out: as many fewer cycles or multipliers, each with a multiplexer for its
        operands (`hw.product.sparse_columns`).
    reloadable
        Let a host replace kernels and biases at run time (`hw.product.reloadable`) by any others
        of their formats. Sums are as wide as the worst of them needs.
    state_access
        Let a host read and write the states at run time (`hw.control.state`).
    initial_state
        Whether ``h0``, for an LSTM also ``c0``, one beat of `units` values a window in the format
        `state`, say in which state it begins (Keras's ``initial_state``, already quantized); by
        default every window begins with zeros.
    period
        With interleaved series: beats come in turns of so many cycles, which the programs of
        different steps fill (`hw.layer.recurrent.step`); see `FoldedRecurrence.in_turns`. By
        default at any time.

    Raises
    ------
    ChronogateError
        When interleaved series, or layers that a host reaches, should begin in states of an input.
    """

    input_reuse: int | None = None
    recurrent_reuse: int | None = None
    multipliers: int | None = None
    return_sequences: bool = False
    series: int = 1
    storage: Storage = Storage.AUTO
    skip_zeros: bool = False
    reloadable: bool = False
    state_access: bool = False
    initial_state: bool = False
    period: int | None = None

    def __post_init__(self) -> None:
        if self.initial_state and self.series > 1:
            raise ChronogateError(
                f"a recurrent layer of {self.series} interleaved series begins in the state zero: "
                "leave initial_state out, or give every series hardware of its own"
            )
        if self.initial_state and (self.reloadable or self.state_access):
            raise ChronogateError(
                "a recurrent layer that begins in a state of an input lets no host in: "
                "leave out initial_state, or reloadable and state_access"
            )
