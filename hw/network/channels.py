"""Which channels of a block hang together: what each block reads, and the block without some.

A mask is a bool array with one place for each channel of a port.
"""

from collections.abc import Sequence
from dataclasses import is_dataclass, replace
from typing import TypeVar

import numpy as np

from hw.block import Spec
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.convolution.moving_average import MovingAverage
from hw.layer.convolution.pooling import AveragePooling, MaxPooling
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.dense.dense import Dense
from hw.layer.dense.unrolled_dense import UnrolledDense
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.multiply import Multiply
from hw.layer.elementwise.select import Select
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.layer.recurrent.unrolled_lstm import UnrolledLSTM
from hw.layer.shape.crop import Crop
from hw.layer.shape.flatten import Flatten
from hw.layer.shape.replay import Replay
from hw.layer.shape.unflatten import Unflatten
from hw.layer.shared_lstm.shared_lstm import SharedLSTM
from hw.number.fixed_point import FixedPoint
from hw.product.model_store import tables_of

T = TypeVar("T", bound=Spec)

Recurrent = GRU | LSTM | SimpleRNN | SharedLSTM | UnrolledLSTM

EACH_ITS_OWN = (
    Activation, Add, AveragePooling, BatchNormalization, Crop, MaxPooling, MovingAverage,
    Multiply, Replay, WindowSum,
)  # fmt: skip
"""Blocks whose output channel is a function of the same channel of every input."""


def is_fixed(spec: Spec) -> bool:
    """Tell whether a block keeps all channels: what a host reaches, and what is not known here."""
    if tables_of(spec) or getattr(spec, "state_access", False):
        return True
    if getattr(spec, "initial_state", False) or getattr(spec, "return_state", False):
        return True
    products = Dense, UnrolledDense, Conv1D, DepthwiseConv1D
    moves = Concatenate, Flatten, Select, Unflatten
    # Exactly these classes: one derived from them may see its channels in another way.
    return type(spec) not in (*EACH_ITS_OWN, *products, *moves, *Recurrent.__args__)


def read_channels(spec: Spec, kept: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return for each input which channels the output channels `kept` hang on."""
    ports = spec.inputs
    if is_fixed(spec):
        return tuple(np.ones(port.channels, dtype=bool) for port in ports)
    match spec:
        case Dense() | UnrolledDense():
            return (along(spec.kernel[:, kept], 1),)
        case Conv1D():
            return (along(spec.kernel[:, :, kept], (0, 2)),)
        case DepthwiseConv1D():
            return (along(kept.reshape(spec.channels, -1), 1),)
        case GRU() | LSTM() | SimpleRNN() | SharedLSTM() | UnrolledLSTM():
            return (along(spec.kernel[:, _columns(spec, kept)], 1),)
        case Concatenate():
            return tuple(np.split(kept, np.cumsum(spec.widths)[:-1]))
        case Flatten():
            return (along(kept.reshape(spec.steps, -1), 0),)
        case Unflatten():
            return (np.tile(kept, spec.steps),)
        case Select():
            read = np.zeros(spec.channels, dtype=bool)
            read[np.array(spec.order)[kept]] = True
            return (read,)
        case _:
            return (kept,) * len(ports)


def bound_channels(spec: Spec, given: Sequence[np.ndarray], kept: np.ndarray) -> np.ndarray:
    """Return the output channels that stay where `kept` do and the inputs have those of `given`.

    Blocks that treat every channel alike take what comes; a unit of a recurrent layer stays where
    the state of one that stays hangs on it.
    """
    if is_fixed(spec):
        return np.ones_like(kept)
    match spec:
        case Dense() | UnrolledDense() | Conv1D() | Select():
            return kept
        case GRU() | LSTM() | SimpleRNN() | SharedLSTM() | UnrolledLSTM():
            return kept | along(spec.recurrent_kernel[:, _columns(spec, kept)], 1)
        case DepthwiseConv1D():
            return kept | np.repeat(given[0], spec.kernel.shape[2])
        case Concatenate():
            return kept | np.concatenate(given)
        case Flatten():
            return kept | np.tile(given[0], spec.steps)
        case Unflatten():
            return kept | along(given[0].reshape(spec.steps, -1), 0)
        case _:
            return kept | np.logical_or.reduce(list(given))


def with_channels(
    spec: T, formats: Sequence[FixedPoint], given: Sequence[np.ndarray], kept: np.ndarray
) -> T:
    """Return a block for inputs in `formats` with the channels `given`, and outputs `kept`.

    The formats differ from those before in width only, so codes mean what they meant.
    """
    count = int(given[0].sum())
    if is_fixed(spec):
        return adapted(spec, formats)
    match spec:
        case Dense() | UnrolledDense():
            kernel = spec.kernel[np.ix_(given[0], kept)]
            cut = replace(spec, kernel=kernel, bias=spec.bias[kept])
        case Conv1D():
            kernel = spec.kernel[:, given[0]][:, :, kept]
            cut = replace(spec, kernel=kernel, bias=spec.bias[kept])
        case DepthwiseConv1D():
            cut = replace(spec, kernel=spec.kernel[:, given[0]], bias=spec.bias[kept])
        case GRU() | LSTM() | SimpleRNN() | SharedLSTM() | UnrolledLSTM():
            cut = _fewer_units(spec, given[0], kept)
        case BatchNormalization():
            cut = replace(spec, scale=spec.scale[kept], offset=spec.offset[kept])
        case Concatenate():
            cut = replace(spec, widths=tuple(int(mask.sum()) for mask in given))
        case Select():
            places = np.cumsum(given[0]) - 1
            order = tuple(int(places[k]) for k in np.array(spec.order)[kept])
            cut = replace(spec, channels=count, order=order)
        case Unflatten():
            cut = replace(spec, channels=int(kept.sum()))
        case _:
            cut = replace(spec, channels=count)  # pyright: ignore[reportArgumentType, reportCallIssue]
    return adapted(cut, formats)  # pyright: ignore[reportReturnType]


def along(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Return the mask of what is not all zero along `axis`."""
    return np.asarray(values.any(axis=axis))


def adapted(spec: T, formats: Sequence[FixedPoint]) -> T:
    """Return a block that takes its inputs in other formats."""
    if all(p.format.same_grid(f) for p, f in zip(spec.inputs, formats, strict=True)):
        return spec
    assert is_dataclass(spec)
    assert not isinstance(spec, type)
    for field in ("input", "format"):
        if hasattr(spec, field):
            return replace(spec, **{field: formats[0]})
    return replace(spec, terms=tuple(formats))  # pyright: ignore[reportCallIssue]


def _columns(spec: Recurrent, kept: np.ndarray) -> np.ndarray:
    """Return the places of the units' gates in kernels and biases."""
    return np.tile(kept, spec.kernel.shape[1] // len(kept))


def _fewer_units(spec: Recurrent, given: np.ndarray, kept: np.ndarray) -> Recurrent:
    columns = _columns(spec, kept)
    cut = replace(
        spec,
        kernel=spec.kernel[np.ix_(given, columns)],
        recurrent_kernel=spec.recurrent_kernel[np.ix_(kept, columns)],
        bias=spec.bias[columns],
    )
    if isinstance(cut, GRU):
        return replace(cut, recurrent_bias=cut.recurrent_bias[columns])
    return cut
