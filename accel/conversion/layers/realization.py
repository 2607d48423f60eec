"""Which hardware computes a recurrent layer: folded, all in adders, one engine, delta updates."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.context import Context, refuse
from accel.conversion.layers.product import LEVELS
from accel.conversion.settings import (
    Strategy,
    adder_levels,
    delta_thresholds,
    reuse_factor,
    strategy,
)
from hw.block import Spec
from hw.errors import ChronogateError
from hw.layer.delta.delta import delta
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shared_lstm.shared_lstm import LEAST_MULTIPLIERS, SharedLSTM

CELL_PRODUCTS = 3
"""Products of each unit of an LSTM besides those with weights."""

Plain = SimpleRNN | LSTM | GRU


@dataclass(frozen=True)
class Wish:
    """What the configuration says of a recurrent layer beyond its reuse factors.

    Parameters
    ----------
    strategy
        How its products are computed.
    reuse
        ``ReuseFactor`` or ``RecurrentReuseFactor``, the larger one; ``None`` where neither is
        given.
    levels
        Adders between two registers.
    thresholds
        Of delta updates, for inputs and states, as values; ``None`` for the plain layer.
    """

    strategy: Strategy
    reuse: int | None
    levels: int
    thresholds: tuple[float, float] | None


def wish_of(layer: LayerDraft, context: Context) -> Wish:
    """Return what the configuration says of `layer`."""
    config, name, types = context.config, layer.name, layer.types
    factors = [
        factor
        for key in ("ReuseFactor", "RecurrentReuseFactor")
        if (factor := reuse_factor(config, name, types, key)) is not None
    ]
    return Wish(
        strategy(config, name, types),
        max(factors, default=None),
        adder_levels(config, name, types) or LEVELS,
        delta_thresholds(config, name, types),
    )


def realized(layer: LayerDraft, spec: Plain, wish: Wish, series: int) -> Spec:
    """Return the block that computes what `spec` does, as the configuration wishes.

    Parameters
    ----------
    layer
        For messages.
    spec
        The folded layer.
    wish
        What the configuration says.
    series
        Independent series that will share the block.
    """
    if wish.thresholds is not None:
        _check_gates(layer, spec, "delta updates take one pool of multipliers", "the thresholds")
        return _delta(layer, spec, wish.thresholds)
    if wish.strategy is Strategy.SHARED:
        _check_gates(layer, spec, "Strategy='Shared' takes one pool of multipliers", "Strategy")
    # Both serve one series, whose state begins with zeros, and give the hidden state only.
    if not isinstance(spec, LSTM) or spec.initial_state or spec.return_state or series > 1:
        return spec
    if wish.strategy is Strategy.LATENCY and (wish.reuse or 1) == 1:
        _check_gates(layer, spec, "Strategy='Latency' takes adders alone", "Strategy")
        try:
            return UnrolledLSTM.of(spec, 0).with_levels(wish.levels)
        except ChronogateError as error:
            problem = f"it cannot be unrolled ({error})"
            raise refuse(layer, problem, "use Strategy='Resource'") from None
    if wish.strategy is Strategy.SHARED:
        return _shared(layer, spec, wish.reuse or spec.units)
    return spec


def _check_gates(layer: LayerDraft, spec: Plain, instead: str, key: str) -> None:
    """Refuse multipliers for each gate where the layer has none of the kind."""
    if not isinstance(spec, SimpleRNN) and spec.gate_reuse:
        raise refuse(
            layer, f"{instead}, so that GateReuseFactors would have no effect",
            f"leave GateReuseFactors or {key} out",
        )  # fmt: skip


def _shared(layer: LayerDraft, spec: LSTM, reuse: int) -> Spec:
    n_in = spec.kernel.shape[0]
    products = spec.kernel.size + spec.recurrent_kernel.size + CELL_PRODUCTS * spec.units
    multipliers = max(ceil(products / reuse), LEAST_MULTIPLIERS)
    if multipliers > n_in + spec.units:
        return spec  # more than the engine can use at once: the pool beside the cells is faster
    if spec.skip_zeros:
        raise refuse(
            layer, "Strategy='Shared' cannot skip zeros",
            "leave SkipZeros out, or use Strategy='Resource'",
        )  # fmt: skip
    return SharedLSTM.of(spec, multipliers)


def _delta(layer: LayerDraft, spec: Plain, thresholds: Iterable[float]) -> Spec:
    if isinstance(spec, SimpleRNN):
        raise refuse(
            layer, "delta updates are for QLSTM and QGRU",
            "leave InputThreshold and StateThreshold out",
        )  # fmt: skip
    if spec.initial_state:
        raise refuse(
            layer, "delta updates begin every window with the state zero",
            "leave initial_state out, or InputThreshold and StateThreshold",
        )  # fmt: skip
    if isinstance(spec, LSTM) and spec.return_state:
        raise refuse(
            layer, "delta updates keep the cell state to themselves",
            "use the hidden state only, or leave InputThreshold and StateThreshold out",
        )  # fmt: skip
    # A code moves by whole steps, so more than t is more than the steps that t holds.
    codes = [
        floor(threshold * 2.0**format.fraction)
        for threshold, format in zip(thresholds, (spec.input, spec.state), strict=True)
    ]
    return delta(spec, *codes)
