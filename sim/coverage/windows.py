"""Searches windows that bring about what given ones do not: saturation and ties in every layer.

Drawn at random and from the ends of the range, then climbing: of the windows that come nearest to
a format's end, values are changed. Everything is judged by the golden model alone.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from hw.network.graph import Network
from hw.stream import Port
from sim.coverage.bins import Key
from sim.coverage.data import ABOVE, BELOW, Observed, observe

DRAWN = 128
"""Windows of each kind that are drawn."""

CLIMBERS, ROUNDS, PARENTS = 64, 12, 8
"""Changed windows in a round of the climb, rounds at most, and windows that go on."""

Arrays = tuple[np.ndarray, ...]


def directed_windows(network: Network, arrays: Sequence[np.ndarray], seed: int) -> Arrays:
    """Return few windows that hit bins which `arrays` do not hit; none where none were found.

    Parameters
    ----------
    network
        The golden model.
    arrays
        Windows or series that are sent anyway, an array for each input.
    seed
        Of the search.
    """
    rng = np.random.default_rng(seed)
    before = observe(network, arrays)
    # Of rows that hold several windows, all are as long as those given.
    like = tuple(array[:1] for array in arrays)
    found = [_none(like)]
    lost = _lost(before)
    for drawn in _drawn(network, like, rng) if lost else ():
        found += _cover(drawn, observe(network, drawn), lost)
    for key in sorted(lost, key=str):
        if key in lost and key[1] in (ABOVE, BELOW):
            found += _climb(network, like, key, lost, rng)
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _none(like: Arrays) -> Arrays:
    return tuple(array[:0] for array in like)


def _lost(seen: Observed) -> set[Key]:
    return {(b.group, b.name) for b in seen.bins if not b.hits and not b.excluded}


def _cover(arrays: Arrays, seen: Observed, lost: set[Key]) -> list[Arrays]:
    """Take the windows that hit most of `lost`, until none hits any; `lost` loses what they hit."""
    taken = []
    while True:
        keys = [key for key in lost if key in seen.events and seen.events[key].any()]
        if not keys:
            return taken
        hits = np.stack([seen.events[key] > 0 for key in keys])
        best = int(hits.sum(axis=0).argmax())
        taken.append(tuple(array[best : best + 1] for array in arrays))
        lost.difference_update(key for key, hit in zip(keys, hits[:, best], strict=True) if hit)


def _drawn(network: Network, like: Arrays, rng: np.random.Generator) -> Iterator[Arrays]:
    """Yield windows of ends of the range, of ends by feature, of both mixed, of any codes."""
    ports = list(zip(network.inputs, like, strict=True))
    ends = tuple(_ends(port, array) for port, array in ports)
    yield ends
    for share in (0.0, 0.5):
        yield tuple(_mixed(port, array, share, False, rng) for port, array in ports)
        yield tuple(_mixed(port, array, share, True, rng) for port, array in ports)
    yield tuple(_mixed(port, array, 1.0, True, rng) for port, array in ports)


def _ends(port: Port, like: np.ndarray) -> np.ndarray:
    """Return windows of all maxima, of all minima, of zeros, and of both ends by turns."""
    low, high = port.format.minimum, port.format.maximum
    shape = like.shape[1:]
    turns = np.indices(shape).sum(axis=0) % 2
    rows = [np.full(shape, high), np.full(shape, low), np.zeros(shape, dtype=np.int64)]
    rows += [np.where(turns, low, high), np.where(turns, high, low)]
    return np.stack(rows).astype(np.int64)


def _mixed(
    port: Port, like: np.ndarray, share: float, by_value: bool, rng: np.random.Generator
) -> np.ndarray:
    """Return windows of ends of the range, drawn for each value or feature; a share is any code."""
    low, high = port.format.minimum, port.format.maximum
    shape = (DRAWN, *like.shape[1:])
    signs = shape if by_value or len(shape) < 3 else (DRAWN, 1, *shape[2:])
    ends = np.where(rng.random(signs) < 0.5, low, high) + np.zeros(shape, dtype=np.int64)
    return np.where(rng.random(shape) < share, rng.integers(low, high, shape, endpoint=True), ends)


def _climb(
    network: Network, like: Arrays, key: Key, lost: set[Key], rng: np.random.Generator
) -> list[Arrays]:
    """Change values of the windows that come nearest to `key`, until one hits it."""
    ports = network.inputs
    pool = tuple(_mixed(p, a, 0.3, True, rng) for p, a in zip(ports, like, strict=True))
    best = None
    for _ in range(ROUNDS):
        seen = observe(network, pool)
        taken = _cover(pool, seen, lost)
        if key not in lost:
            return taken
        near = _nearness(seen, key)
        parents = np.argsort(near)[::-1][:PARENTS]
        if best is not None and near[parents[0]] <= best:
            return taken  # as high as it gets from here
        best = near[parents[0]]
        chosen = rng.choice(parents, CLIMBERS)
        pool = tuple(
            np.concatenate([array[parents], _changed(port, array[chosen], rng)])
            for port, array in zip(ports, pool, strict=True)
        )
    return []


def _nearness(seen: Observed, key: Key) -> np.ndarray:
    point = next(point for point in seen.points if point.group == key[0])
    low, high = seen.ends[point]
    return high if key[1] == ABOVE else -low


def _changed(port: Port, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the windows with some values at an end of the range or at any code."""
    low, high = port.format.minimum, port.format.maximum
    ends = np.where(rng.random(codes.shape) < 0.5, low, high)
    other = np.where(rng.random(codes.shape) < 0.7, ends, rng.integers(low, high + 1, codes.shape))
    return np.where(rng.random(codes.shape) < rng.choice([0.05, 0.2, 0.5]), other, codes)
