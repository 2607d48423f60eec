"""Lets others see what the golden model brings from one number format into another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hw.number.fixed_point import FixedPoint

Observer = Callable[["FixedPoint", np.ndarray, "FixedPoint"], None]
"""Gets the format that is converted into, the int64 codes, and their own format."""

_observers: list[Observer] = []


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Tell `observer` of every conversion that happens inside the block."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def tell(target: "FixedPoint", codes: np.ndarray, source: "FixedPoint") -> None:
    """Tell the observers of a conversion."""
    for observer in _observers:
        observer(target, codes, source)
