"""The arrays of a network: where each belongs, its shape, and the format of its codes."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint


@dataclass(frozen=True)
class ArrayField:
    """What an array of a block must be.

    Parameters
    ----------
    format
        The field of the same dataclass that holds the format of its codes.
    axes
        Its axes, each a size's name, with a factor in front where it is a multiple: ``4 units``.
        Sizes of the same name are equal within a block. ``a*b`` is the product of two sizes.
    """

    format: str
    axes: tuple[str, ...]


_DENSE = {
    "kernel": ArrayField("kernel_format", ("n_in", "n_out")),
    "bias": ArrayField("bias_format", ("n_out",)),
}
_RECURRENT = {
    gates: {
        "kernel": ArrayField("kernel_format", ("n_in", f"{gates} units")),
        "recurrent_kernel": ArrayField("recurrent_format", ("units", f"{gates} units")),
        "bias": ArrayField("bias_format", (f"{gates} units",)),
    }
    for gates in (1, 3, 4)
}
ARRAYS: dict[str, dict[str, ArrayField]] = {
    "BatchNormalization": {
        "scale": ArrayField("scale_format", ("channels",)),
        "offset": ArrayField("offset_format", ("channels",)),
    },
    "Conv1D": {
        "kernel": ArrayField("kernel_format", ("taps", "n_in", "filters")),
        "bias": ArrayField("bias_format", ("filters",)),
    },
    "Dense": _DENSE,
    "DepthwiseConv1D": {
        "kernel": ArrayField("kernel_format", ("taps", "channels", "multiplier")),
        "bias": ArrayField("bias_format", ("channels*multiplier",)),
    },
    "GRU": {**_RECURRENT[3], "recurrent_bias": ArrayField("bias_format", ("3 units",))},
    "LSTM": _RECURRENT[4],
    "SharedLSTM": _RECURRENT[4],
    "SharedLayer": _DENSE,
    "SimpleRNN": _RECURRENT[1],
    "Table": {"entries": ArrayField("entry", ("entries",))},
    "UnrolledDense": _DENSE,
    "UnrolledLSTM": _RECURRENT[4],
}
"""For each dataclass that holds arrays, by name; a new one is added here."""


@dataclass(frozen=True, eq=False)
class Codes:
    """An array of weights: its field's name, int64 codes, and their format."""

    name: str
    codes: np.ndarray
    format: FixedPoint


def arrays_in(value: object) -> tuple[Codes, ...]:
    """Return the weights and biases of a block; tables of functions are none."""
    return tuple(
        Codes(name, getattr(part, name), getattr(part, wanted.format))
        for part in _parts(value)
        if type(part).__name__ != "Table"
        for name, wanted in ARRAYS.get(type(part).__name__, {}).items()
    )


def check_arrays(value: object, where: str) -> None:
    """Check every array in a block.

    Parameters
    ----------
    value
        A block, or a part of one.
    where
        Its name, for messages.

    Raises
    ------
    ChronogateError
        When an array has not the shape that the others ask for, or a code that its format has
        not.
    """
    for part in _parts(value):
        sizes: dict[str, int] = {}
        for name, wanted in ARRAYS.get(type(part).__name__, {}).items():
            array = getattr(part, name)
            shape = _shape(wanted.axes, array.shape, sizes)
            if array.shape != shape:
                raise ChronogateError(
                    f"{name} of {where} has the shape {array.shape}, not {shape} "
                    f"({', '.join(wanted.axes)}): give arrays that fit together"
                )
            format = getattr(part, wanted.format)
            assert isinstance(format, FixedPoint)
            grid = format.plain()
            if array.size and not grid.minimum <= array.min() <= array.max() <= grid.maximum:
                raise ChronogateError(
                    f"{name} of {where} holds codes from {array.min()} to {array.max()}, which "
                    f"{grid} does not: use a wider format"
                )


def _shape(
    axes: tuple[str, ...], given: tuple[int, ...], sizes: dict[str, int]
) -> tuple[int | str, ...]:
    """Return the shape that `axes` ask for, and note the sizes that `given` is first to name."""
    wanted: list[int | str] = []
    for axis, size in zip(axes, (*given, *[None] * (len(axes) - len(given))), strict=False):
        names = axis.split()[-1].split("*")
        factor = int(axis.split()[0]) if " " in axis else 1
        if size is not None and len(names) == 1 and size % factor == 0 and size:
            sizes.setdefault(names[0], size // factor)
        if any(name not in sizes for name in names):
            wanted.append(axis)
            continue
        wanted.append(factor * int(np.prod([sizes[name] for name in names])))
    return tuple(wanted)


def _parts(value: object) -> Iterator[object]:
    """Walk through dataclasses within dataclasses."""
    if isinstance(value, tuple):
        for item in value:
            yield from _parts(item)
    if not is_dataclass(value):
        return
    yield value
    for item in fields(value):
        yield from _parts(getattr(value, item.name))
