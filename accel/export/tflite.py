"""TFLite with int8 weights and activations, by TensorFlow's own converter.

Every quantizer becomes a fake quantizer of 8 bits over the same range, so that a file's scales are
the network's steps where these have 8 bits, finer below and coarser above. Ties and truncations
follow TFLite's rounding, and what no quantizer bounds is calibrated on windows. The result is near
the golden model's, not equal to it: `accel.export.entry` measures how near.
"""

import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from accel.export.lowering import check_exportable, lower
from accel.export.speed import Execution, Window, one_by_one
from accel.qkeras_compat import tf
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.number.fixed_point import FixedPoint, Overflow

BITS = 8


def write_file(network: Network, inputs: Mapping[str, np.ndarray], file: Path) -> None:
    """Convert; `inputs` are float64 windows to calibrate with what has no quantizer of its own.

    Raises
    ------
    ChronogateError
        When a part of the network has no counterpart.
    """
    check_exportable(network)
    specs = [
        tf.TensorSpec((1, *values.shape[1:]), tf.float32, name=name)
        for name, values in inputs.items()
    ]

    ranges: list[tuple[float, float]] = []
    _build(network, [values.astype(np.float32) for values in inputs.values()], ranges)

    def forecast(*given: tf.Tensor) -> list[tf.Tensor]:
        return _build(network, given, list(ranges), calibrated=True)

    traced = tf.function(forecast, autograph=False).get_concrete_function(*specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with _quiet():
        file.write_bytes(converter.convert())


def run_file(network: Network, inputs: Mapping[str, np.ndarray], file: Path) -> Execution:
    """Run a file by TFLite's interpreter on float64 inputs, one window after the other."""

    def load() -> Callable[[Window], list[np.ndarray]]:
        with _quiet():
            interpreter = tf.lite.Interpreter(model_path=str(file), num_threads=1)
            interpreter.allocate_tensors()
        taken, outputs = interpreter.get_input_details(), interpreter.get_output_details()

        def forecast(window: Window) -> list[np.ndarray]:
            for detail, values in zip(taken, window, strict=True):
                interpreter.set_tensor(detail["index"], _quantized(values, detail)[np.newaxis])
            interpreter.invoke()
            return [
                _dequantized(interpreter.get_tensor(each["index"])[0], each) for each in outputs
            ]

        return forecast

    results, speed = one_by_one(load, inputs, file)
    return Execution(f"TFLite of TensorFlow {tf.__version__}", results, speed)


def _quantized(values: np.ndarray, detail: Mapping[str, Any]) -> np.ndarray:
    """Return a window as an input takes it: codes, or floats of a file that is not quantized."""
    scale, zero = detail["quantization"]
    if detail["dtype"] is np.float32:
        return values.astype(np.float32)
    return np.clip(np.rint(values / scale) + zero, -128, 127).astype(np.int8)


def _dequantized(values: np.ndarray, detail: Mapping[str, Any]) -> np.ndarray:
    scale, zero = detail["quantization"]
    floats = values.astype(np.float64)
    return floats if detail["dtype"] is np.float32 else (floats - zero) * np.float64(scale)


def _build(
    network: Network,
    given: Sequence[np.ndarray | tf.Tensor],
    ranges: list[tuple[float, float]],
    calibrated: bool = False,
) -> list[tf.Tensor]:
    """Lower `network`: once on windows, which notes ranges, then once as the graph."""
    ops = TfliteOperations(ranges, calibrated)
    inputs = [
        ops.on_grid(Tensor(tf.convert_to_tensor(values)), port.format)
        for values, port in zip(given, network.inputs, strict=True)
    ]
    return [ops.settled(result) for result in lower(network, ops, inputs)]


class Kind(StrEnum):
    """What is known of a tensor's scale."""

    OPEN = "open"  # whoever reads it says
    FIXED = "fixed"
    CONSTANT = "constant"
    PRODUCT = "product"  # a sum of products, to which a bias may yet be added


@dataclass
class Tensor:
    """A float tensor of TensorFlow's.

    Parameters
    ----------
    values
        The tensor.
    kind
        What is known of its scale.
    low, high
        Bounds that the next scale is to saturate at.
    always_zero
        Whether it was 0 in every window that scales were calibrated on.
    """

    values: tf.Tensor
    kind: Kind = Kind.OPEN
    low: float = -math.inf
    high: float = math.inf
    always_zero: bool = False


class TfliteOperations:
    """`accel.export.operations.Operations` as TensorFlow's float operations, fake quantized.

    Parameters
    ----------
    ranges
        Of every tensor without a quantizer of its own, in the order in which they are settled.
    calibrated
        Whether `ranges` is read, and used up, or filled.
    """

    def __init__(self, ranges: list[tuple[float, float]], calibrated: bool) -> None:
        self._ranges = ranges
        self._calibrated = calibrated

    def on_grid(self, x: Tensor, format: FixedPoint) -> Tensor:
        """Saturate as a format does, with 256 levels: its own steps where it has 8 bits."""
        low = max(format.minimum * format.step, x.low)
        high = min(format.maximum * format.step, x.high)
        return Tensor(_fake(x.values, low, high), Kind.FIXED)

    def settled(self, x: Tensor) -> tf.Tensor:
        """Return a tensor's values with a scale, by its range if nothing else gives one."""
        if x.kind is Kind.CONSTANT:
            values = np.asarray(tf.get_static_value(x.values))
            return _fake(x.values, float(values.min()), float(values.max()))
        if x.kind is Kind.FIXED:
            return x.values
        if not self._calibrated:
            low, high = float(tf.reduce_min(x.values)), float(tf.reduce_max(x.values))
            self._ranges.append((max(low, x.low), min(high, x.high)))
        low, high = self._ranges.pop(0) if self._calibrated else self._ranges[-1]
        x.values, x.kind, x.always_zero = _fake(x.values, low, high), Kind.FIXED, low == high == 0
        return x.values

    def weights(self, codes: np.ndarray, format: FixedPoint) -> Tensor:
        """Return a constant; kernels keep the grid of their format, biases have 32 bits."""
        values = self.constant(format.to_float(codes))
        if codes.ndim < 2:
            return values
        dropped = max(int(np.abs(codes).max()).bit_length() - BITS + 1, 0)
        bound = 127 * 2.0**dropped * format.step
        quantized = tf.quantization.fake_quant_with_min_max_args(
            values.values, -bound, bound, BITS, narrow_range=True
        )
        return Tensor(quantized, Kind.FIXED)

    def constant(self, values: np.ndarray) -> Tensor:
        """Return a constant."""
        return Tensor(tf.constant(values, tf.float32), Kind.CONSTANT)

    def matmul(self, x: Tensor, kernel: Tensor) -> Tensor:
        """Return ``x . kernel``."""
        return Tensor(tf.matmul(self.settled(x), self.settled(kernel)), Kind.PRODUCT)

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """Return ``a + b``; a bias joins its products before they are rounded."""
        if a.kind is Kind.PRODUCT and b.kind is Kind.CONSTANT:
            return Tensor(a.values + b.values)
        terms = replace(a), replace(b)
        first, second = self.settled(a), self.settled(b)
        # What is 0 in every window has no scale, and XNNPACK refuses to add scales that are many
        # powers of two apart.
        if a.always_zero and first.shape == second.shape:
            return terms[1]
        if b.always_zero and first.shape == second.shape:
            return terms[0]
        return Tensor(first + second)

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        """Return ``a * b``."""
        return Tensor(self.settled(a) * self.settled(b))

    def divide(self, x: Tensor, divisor: int) -> Tensor:
        """Return ``x / divisor``."""
        return self.multiply(x, self.constant(np.array(1.0 / divisor)))

    def clip(self, x: Tensor, low: float | None, high: float | None) -> Tensor:
        """Return `x` within bounds."""
        bounds = (-math.inf if low is None else low, math.inf if high is None else high)
        return Tensor(x.values, Kind.OPEN, max(x.low, bounds[0]), min(x.high, bounds[1]))

    def quantize(self, x: Tensor, source: FixedPoint, target: FixedPoint, where: str) -> Tensor:
        """Return `x` on the grid of `target`."""
        if target.overflow in (Overflow.WRAP, Overflow.SAT_ZERO) and _overflows(source, target):
            raise ChronogateError(
                f"layer {where!r}: {target} does not saturate, as TFLite's int8 does: use AP_SAT"
            )
        return self.on_grid(x, target)

    def stairs(self, x: Tensor, thresholds: np.ndarray, values: np.ndarray, where: str) -> Tensor:
        """Refuse: int8 has no such operation."""
        raise ChronogateError(
            f"layer {where!r}: a staircase (a real sigmoid or tanh, a sign, a power of two) has no "
            "counterpart in TFLite's int8: use a hard function, or export to ONNX"
        )

    def concatenate(self, parts: Sequence[Tensor], axis: int) -> Tensor:
        """Join along an axis."""
        return Tensor(tf.concat([self.settled(part) for part in parts], axis))

    def take(self, x: Tensor, places: np.ndarray, axis: int) -> Tensor:
        """Return the elements at `places`."""
        values = self.settled(x)
        return Tensor(tf.gather(values, tf.constant(places, tf.int32), axis=axis), Kind.FIXED)

    def pad_steps(self, x: Tensor, before: int, after: int) -> Tensor:
        """Add steps of zeros."""
        return Tensor(tf.pad(self.settled(x), [(0, 0), (before, after), (0, 0)]), Kind.FIXED)

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Give every window another shape."""
        count = 1 if self._calibrated else -1
        return Tensor(tf.reshape(self.settled(x), (count, *shape)), Kind.FIXED)

    def total(self, x: Tensor, axis: int) -> Tensor:
        """Sum over an axis."""
        return Tensor(tf.reduce_sum(self.settled(x), axis))

    def largest(self, x: Tensor, axis: int) -> Tensor:
        """Return the largest over an axis."""
        return Tensor(tf.reduce_max(self.settled(x), axis), Kind.FIXED)


def _fake(x: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """Round to 256 levels, of which one is zero."""
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = 1.0  # always 0: any scale will do
    return tf.quantization.fake_quant_with_min_max_args(x, low, high, BITS)


def _overflows(source: FixedPoint, target: FixedPoint) -> bool:
    most, least = source.maximum * source.step, source.plain().minimum * source.step
    return most > target.maximum * target.step or least < target.plain().minimum * target.step


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep TensorFlow's advice off the terminal, and its prints off stdout."""
    with warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        yield
