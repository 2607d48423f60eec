"""The codes that go into a network: their shapes and ranges, checked once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hw.errors import ChronogateError
from hw.network.mode import Mode
from hw.stream import Port

if TYPE_CHECKING:
    from hw.network.graph import Network

Codes = np.ndarray | Sequence[np.ndarray]
"""Input codes: one array, or with several inputs one for each, in the network's order."""


def input_arrays(network: "Network", codes: Codes) -> tuple[np.ndarray, ...]:
    """Return one int64 array for each input, after checking shapes and ranges.

    Raises
    ------
    ChronogateError
        When an array is missing, of another shape, or holds a code that its format has not.
    """
    arrays = (codes,) if isinstance(codes, np.ndarray) else tuple(codes)
    if len(arrays) != len(network.inputs):
        names = ", ".join(port.name for port in network.inputs)
        raise ChronogateError(
            f"{network.name} takes {len(network.inputs)} arrays ({names}), not {len(arrays)}: "
            "give one for each input, in this order"
        )
    checked = tuple(
        _checked(network, port, np.asarray(array))
        for port, array in zip(network.inputs, arrays, strict=True)
    )
    if len({len(array) for array in checked}) > 1:
        counts = ", ".join(
            f"{p.name} {len(a)}" for p, a in zip(network.inputs, checked, strict=True)
        )
        raise ChronogateError(
            f"{network.name} takes as many windows of every input, not {counts}: leave the rest out"
        )
    return checked


def _checked(network: "Network", port: Port, codes: np.ndarray) -> np.ndarray:
    beat, steps = (port.channels,), port.steps
    shape: tuple[int | str, ...] = beat if steps is None else (steps, *beat)
    if network.mode is not Mode.WINDOW:
        shape = ("samples", *beat)
    fits = codes.ndim == len(shape) + 1 and all(
        wanted in {given, "samples"} for given, wanted in zip(codes.shape[1:], shape, strict=True)
    )
    where = network.name if len(network.inputs) == 1 else f"input {port.name} of {network.name}"
    if not fits or not np.issubdtype(codes.dtype, np.integer):
        raise ChronogateError(
            f"{where} takes integer codes of shape (windows, {', '.join(map(str, shape))}),"
            f" not {codes.dtype} {codes.shape}: quantize and reshape them first"
        )
    if network.mode is Mode.SLIDING and codes.shape[1] < network.look_back:
        raise ChronogateError(
            f"{network.name} looks back {network.look_back} samples, but the series has only "
            f"{codes.shape[1]}: give longer series"
        )
    grid = port.format.plain()
    if codes.size and (codes.min() < grid.minimum or codes.max() > grid.maximum):
        what = "an input code" if len(network.inputs) == 1 else f"a code of input {port.name}"
        raise ChronogateError(
            f"{what} lies outside {grid}: quantize with Network.input_format first"
        )
    return codes.astype(np.int64)
