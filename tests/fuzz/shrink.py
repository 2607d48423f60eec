"""Makes a failing model smaller as long as it fails in the same way.

A drawn model is its choices (`tests.flow.drawing.Draw`), whole numbers whose least values are the
fewest layers, smallest sizes and plainest formats. Fewer and smaller choices give a smaller model.
"""

import time
from collections.abc import Callable, Iterator, Sequence

Choices = tuple[int, ...]
Fails = Callable[[Choices], bool]


def shrink(choices: Sequence[int], fails: Fails, seconds: float) -> Choices:
    """Return smaller choices of which `fails` is still true.

    Parameters
    ----------
    choices
        Choices that fail.
    fails
        Whether a candidate fails in the same way.
    seconds
        When to be content with what there is.
    """
    best, deadline = tuple(choices), time.monotonic() + seconds
    tried = {best}
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(best):
            if time.monotonic() > deadline:
                return best
            if candidate in tried:
                continue
            tried.add(candidate)
            if fails(candidate):
                best, smaller = candidate, True
                break
    return best


def _smaller(choices: Choices) -> Iterator[Choices]:
    """Return candidates, the boldest first: without an end, without a part, with less."""
    length = len(choices)
    for keep in (0, length // 4, length // 2, 3 * length // 4):
        yield choices[:keep]
    for size in (8, 4, 2, 1):
        for begin in range(0, length - size + 1, max(size // 2, 1)):
            yield choices[:begin] + choices[begin + size :]
            if any(choices[begin : begin + size]):
                yield choices[:begin] + (0,) * size + choices[begin + size :]
    for place, value in enumerate(choices):
        for less in sorted({0, value // 2, value - 1} - {value, -1}):
            yield (*choices[:place], less, *choices[place + 1 :])
