"""Looks for the smallest reuse factors with which a network fits a board."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from math import ceil

from accel.bitstream.fit import describe_shortage, larger_board, shortage
from accel.boards import Board, Cells
from hw.block import Spec
from hw.errors import ChronogateError
from hw.network.graph import Network

_FACTORS = ("reuse", "input_reuse", "recurrent_reuse")
_POOL = "multipliers"
_TRIALS = 6


@dataclass(frozen=True)
class Trial:
    """A folding that was tried.

    Parameters
    ----------
    factor
        By how much the reuse factors were multiplied.
    network
        The folded network.
    cells
        What it takes.
    fits
        Whether the board has as much.
    """

    factor: int
    network: Network
    cells: Cells
    fits: bool


def explain(
    network: Network, board: Board, cells: Cells, count: Callable[[Network], Cells]
) -> ChronogateError:
    """Return the refusal of a network that does not fit, with what would.

    Parameters
    ----------
    network, board
        What does not fit what.
    cells
        What it takes.
    count
        Tells by the tools what another folding takes.
    """
    short = shortage(cells, board)
    assert short is not None
    problem = f"{network.name} does not fit {board.name}: {describe_shortage(cells, board, short)}"
    needed, available = getattr(cells, short.kind), getattr(board.device, short.kind)
    trials = () if not available else _search(network, board, ceil(needed / available), count)
    fitting = min((t for t in trials if t.fits), key=lambda t: t.factor, default=None)
    advice = []
    if fitting is not None:
        factors = "; ".join(folding(fitting.network))
        advice.append(f"raise the reuse factors {fitting.factor}-fold ({factors})")
    elif trials:
        last = max(trials, key=lambda trial: trial.factor)
        left = shortage(last.cells, board)
        assert left is not None
        text = describe_shortage(last.cells, board, left)
        advice.append(
            f"no reuse factor is enough ({text} even {last.factor}-fold): use fewer units"
        )
    larger = larger_board(cells, board)
    if larger is not None:
        advice.append(f"choose --board {larger}")
    if trials:
        tried = ", ".join(_result(t, board) for t in sorted(trials, key=lambda t: t.factor))
        note = f" (tried by Yosys's and nextpnr's counts: {tried})"
    else:
        note = ""
    return ChronogateError(f"{problem}; {', or '.join(advice) or 'use fewer units'}{note}")


def fold(network: Network, factor: int) -> Network:
    """Return the network with every reuse factor `factor` times as large."""
    nodes = tuple(replace(node, spec=_fold(node.spec, factor)) for node in network.nodes)
    return replace(network, nodes=nodes)


def folding(network: Network) -> list[str]:
    """Return what the layers' reuse factors are, one text for each layer that has any."""
    texts = []
    for node in network.nodes:
        values = {name: getattr(node.spec, name, None) for name in (*_FACTORS, _POOL)}
        given = [f"{name} {value}" for name, value in values.items() if isinstance(value, int)]
        if given and is_dataclass(node.spec):
            texts.append(f"{node.name}: {', '.join(given)}")
    return texts


def _search(
    network: Network, board: Board, least: int, count: Callable[[Network], Cells]
) -> tuple[Trial, ...]:
    """Double the factor from the least that can be enough, then close in on the smallest."""
    trials: list[Trial] = []

    def attempt(factor: int) -> Trial:
        folded = fold(network, factor)
        cells = count(folded)
        trials.append(Trial(factor, folded, cells, board.device.has(cells)))
        return trials[-1]

    low, high = 1, max(least, 2)
    most = _multipliers(fold(network, 2**20))
    while len(trials) < _TRIALS and not attempt(high).fits:
        if _multipliers(trials[-1].network) == most:
            return tuple(trials)
        low, high = high, 2 * high
    while high - low > 1 and len(trials) < _TRIALS and max(low, least - 1) < high - 1:
        low = max(low, least - 1)
        middle = (low + high) // 2
        if attempt(middle).fits:
            high = middle
        else:
            low = middle
    return tuple(trials)


def _fold(spec: Spec, factor: int) -> Spec:
    """Return a layer with larger reuse factors, but none beyond its number of products."""
    assert is_dataclass(spec)
    changed: dict[str, int] = {}
    own = {field.name for field in fields(spec)}
    for name in own & {*_FACTORS, _POOL}:
        value = getattr(spec, name)
        if isinstance(value, int):
            larger = max(value // factor, 1) if name == _POOL else value * factor
            most = getattr(spec, name.replace("reuse", "products"), None)
            changed[name] = min(larger, most) if isinstance(most, int) and most > 0 else larger
    try:
        return replace(spec, **changed) if changed else spec
    except ChronogateError:  # Gates folded one by one, turns of several series.
        return spec


def _multipliers(network: Network) -> int:
    return sum(layer.true_multipliers for layer in network.timing.layers)


def _result(trial: Trial, board: Board) -> str:
    if trial.fits:
        return f"{trial.factor}-fold fits"
    short = shortage(trial.cells, board)
    assert short is not None
    needed = getattr(trial.cells, short.kind)
    return f"{trial.factor}-fold needs {needed:,} {short.name}"
