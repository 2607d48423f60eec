"""An ONNX graph of standard nodes.

Tensors hold values, not codes. They are float32 where every number on the way has 24 bits at most,
as other tools expect, else float64; both are exact, in whatever order sums are taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from onnx import (
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
)

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.stream import Port

OPSET = 16
SINGLE_BITS, DOUBLE_BITS = 24, 53
"""Bits of a significand."""

CONSTANT = "weights"
"""What the names of tensors without a batch begin with."""

_DIRECT = {
    Rounding.RND_CONV: "ROUND",
    Rounding.TRN: "FLOOR",
    Rounding.TRN_ZERO: "DOWN",
    Rounding.RND_INF: "HALF_UP",
    Rounding.RND_ZERO: "HALF_DOWN",
}
"""Roundings by qonnx's names for them."""
_SHIFTED = {Rounding.RND: (0.5, "FLOOR"), Rounding.RND_MIN_INF: (-0.5, "CEIL")}
"""Roundings that are another one after a shift by half a step."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph; `shape` without the batch, or of a constant as it is."""

    name: str
    shape: tuple[int, ...]
    constant: bool = False


@dataclass(frozen=True)
class OnnxOperations:
    """`accel.export.operations.Operations` as nodes of an ONNX graph.

    Parameters
    ----------
    dtype, batch
        Of all tensors that hold values, and their windows.
    """

    dtype: np.dtype
    batch: int
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    infos: list[ValueInfoProto] = field(default_factory=list)

    def begin(self, port: Port) -> Tensor:
        """Return a network's input."""
        beat = (port.channels,)
        return Tensor(port.name, beat if port.steps is None else (port.steps, *beat))

    def quantized_input(self, tensor: Tensor, port: Port) -> Tensor:
        """Return an input in its format. Floats lie anywhere: they are rounded in float64."""
        wide = replace(self, dtype=np.dtype(np.float64))
        anything = FixedPoint(DOUBLE_BITS - 2, DOUBLE_BITS - 2 - port.format.fraction)
        found = wide.quantize(wide.cast(tensor), anything, port.format, port.name)
        return found if self.dtype == wide.dtype else self.cast(found)

    def end(self, tensor: Tensor, name: str) -> Tensor:
        """Return a network's output, which has a name of its own."""
        result = Tensor(f"{name}_forecast", tensor.shape)
        self.nodes.append(helper.make_node("Identity", [tensor.name], [result.name]))
        return result

    def info(self, tensor: Tensor, dtype: int | None = None) -> ValueInfoProto:
        """Return type and shape of a tensor."""
        kind = dtype or helper.np_dtype_to_tensor_dtype(self.dtype)
        return helper.make_tensor_value_info(tensor.name, kind, (self.batch, *tensor.shape))

    def weights(self, codes: np.ndarray, format: FixedPoint) -> Tensor:
        """Return a constant."""
        return self.constant(format.to_float(codes))

    def constant(self, values: np.ndarray) -> Tensor:
        """Return an initializer."""
        return self.initializer(np.asarray(values, dtype=self.dtype))

    def matmul(self, x: Tensor, kernel: Tensor) -> Tensor:
        """Return ``x . kernel``."""
        return self.node("MatMul", [x, kernel], (*x.shape[:-1], kernel.shape[-1]))

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """Return ``a + b``."""
        return self.node("Add", [a, b], self._broadcast(a, b))

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        """Return ``a * b``."""
        return self.node("Mul", [a, b], self._broadcast(a, b))

    def divide(self, x: Tensor, divisor: int) -> Tensor:
        """Return ``x / divisor``."""
        return self.node("Div", [x, self.constant(np.array(float(divisor)))], x.shape)

    def clip(self, x: Tensor, low: float | None, high: float | None) -> Tensor:
        """Return `x` within bounds."""
        if low == 0 and high is None:
            return self.node("Relu", [x], x.shape)
        bounds = [
            None if bound is None else self.constant(np.array(bound)) for bound in (low, high)
        ]
        return self.node("Clip", [x, *bounds], x.shape)

    def quantize(self, x: Tensor, source: FixedPoint, target: FixedPoint, where: str) -> Tensor:
        """Return `x` in the format `target`; every rounding and every overflow."""
        mode = _DIRECT.get(target.rounding)
        if mode is None:
            share, mode = _SHIFTED[target.rounding]
            x = self.add(x, self.constant(np.array(share * target.step)))
        if target.overflow in (Overflow.SAT, Overflow.SAT_SYM):
            narrow = target.overflow is Overflow.SAT_SYM and target.signed
            return self.rounded(x, target.plain(), mode, narrow)
        wide = max(source.integer, target.integer) + 2 + target.fraction
        if wide > DOUBLE_BITS:
            raise ChronogateError(
                f"layer {where!r}: {target} wraps numbers of {wide} bits, more than float64 "
                "holds: let it saturate (AP_SAT)"
            )
        found = self.rounded(x, FixedPoint(wide, wide - target.fraction), mode, narrow=False)
        if target.overflow is Overflow.WRAP:
            return self._wrapped(found, target)
        return self._zeroed(found, target)

    def _zeroed(self, x: Tensor, target: FixedPoint) -> Tensor:
        ends = target.minimum * target.step, target.maximum * target.step
        held = self.node("Equal", [x, self.clip(x, *ends)], x.shape, TensorProto.BOOL)
        return self.multiply(x, self.cast(held))

    def _wrapped(self, x: Tensor, target: FixedPoint) -> Tensor:
        span = 2.0**target.integer
        low = target.minimum * target.step
        moved = self.add(x, self.constant(np.array(-low)))
        turns = self.node("Floor", [self.multiply(moved, self.constant(np.array(1 / span)))])
        return self.add(x, self.multiply(turns, self.constant(np.array(-span))))

    def stairs(self, x: Tensor, thresholds: np.ndarray, values: np.ndarray, where: str) -> Tensor:
        """Return a sum of steps."""
        if not len(thresholds):
            return self.add(self.multiply(x, self.constant(np.array(0.0))), self.constant(values))
        wide = self.reshape(x, (*x.shape, 1))
        shape = (*x.shape, len(thresholds))
        kind = TensorProto.BOOL
        passed = self.node("GreaterOrEqual", [wide, self.constant(thresholds)], shape, kind)
        counted = self.cast(passed)
        steps = self.constant(np.diff(values)[:, np.newaxis])
        total = self.reshape(self.matmul(counted, steps), x.shape)
        return self.add(total, self.constant(values[:1]))

    def concatenate(self, parts: Sequence[Tensor], axis: int) -> Tensor:
        """Join along an axis."""
        place = axis if axis < 0 else axis - 1
        shape = list(parts[0].shape)
        shape[place] = sum(part.shape[place] for part in parts)
        return self.node("Concat", list(parts), tuple(shape), axis=axis)

    def take(self, x: Tensor, places: np.ndarray, axis: int) -> Tensor:
        """Return the elements at `places`."""
        place = len(x.shape) + axis if axis < 0 else axis - 1
        shape = (*x.shape[:place], *places.shape, *x.shape[place + 1 :])
        return self.node("Gather", [x, self._integers(places)], shape, axis=place + 1)

    def pad_steps(self, x: Tensor, before: int, after: int) -> Tensor:
        """Add steps of zeros."""
        if not before and not after:
            return x
        steps, channels = x.shape
        pads = self._integers(np.array([0, before, 0, 0, after, 0]))
        return self.node("Pad", [x, pads], (before + steps + after, channels))

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Give every window another shape."""
        return self.node("Reshape", [x, self._integers(np.array((-1, *shape)))], shape)

    def total(self, x: Tensor, axis: int) -> Tensor:
        """Sum over an axis."""
        shape = (*x.shape[: axis - 1], *x.shape[axis:])
        return self.node("ReduceSum", [x, self._integers(np.array([axis]))], shape, keepdims=0)

    def largest(self, x: Tensor, axis: int) -> Tensor:
        """Return the largest over an axis."""
        shape = (*x.shape[: axis - 1], *x.shape[axis:])
        return self.node("ReduceMax", [x], shape, axes=[axis], keepdims=0)

    def rounded(self, x: Tensor, format: FixedPoint, mode: str, narrow: bool) -> Tensor:
        """Return `x` rounded as `mode` says, and saturated; `narrow` leaves the lowest code out."""
        code = self.multiply(x, self.constant(np.array(1 / format.step)))
        if mode in ("ROUND", "FLOOR", "CEIL"):
            code = self.node(mode.capitalize(), [code], x.shape)
        else:
            whole = self.node("Abs", [code], x.shape)
            if mode != "DOWN":
                half = self.constant(np.array(0.5 if mode == "HALF_UP" else -0.5))
                whole = self.add(whole, half)
            whole = self.node("Ceil" if mode == "HALF_DOWN" else "Floor", [whole], x.shape)
            code = self.multiply(self.node("Sign", [code], x.shape), whole)
        code = self.clip(code, float(format.minimum + narrow), float(format.maximum))
        return self.multiply(code, self.constant(np.array(format.step)))

    def cast(self, x: Tensor) -> Tensor:
        """Return `x` in the type of this graph's values."""
        to = helper.np_dtype_to_tensor_dtype(self.dtype)
        return self.node("Cast", [x], x.shape, to=to)

    def _integers(self, values: np.ndarray) -> Tensor:
        return self.initializer(np.array(values, dtype=np.int64))

    def initializer(self, array: np.ndarray) -> Tensor:
        """Return a constant of any type, the same one for equal arrays."""
        for name, known in self.constants.items():
            if known.dtype == array.dtype and np.array_equal(known, array):
                return Tensor(name, known.shape, constant=True)
        name = f"{CONSTANT}_constant_{len(self.constants)}"
        self.constants[name] = array
        return Tensor(name, array.shape, constant=True)

    def _broadcast(self, a: Tensor, b: Tensor) -> tuple[int, ...]:
        shapes = [t.shape if t.constant else (self.batch, *t.shape) for t in (a, b)]
        return np.broadcast_shapes(*shapes)[0 if a.constant and b.constant else 1 :]

    def node(
        self,
        kind: str,
        inputs: Sequence[Tensor | None],
        shape: tuple[int, ...] | None = None,
        dtype: int | None = None,
        domain: str = "",
        **attributes: int | str | list[int],
    ) -> Tensor:
        """Add a node; its result is a constant where all its inputs are."""
        first = inputs[0]
        assert first is not None
        constant = all(tensor is None or tensor.constant for tensor in inputs)
        name = f"{CONSTANT if constant else 'value'}_{len(self.nodes)}"
        result = Tensor(name, first.shape if shape is None else shape, constant)
        names = ["" if tensor is None else tensor.name for tensor in inputs]
        node = helper.make_node(
            kind, names, [result.name], f"{kind}_{len(self.nodes)}", domain=domain
        )
        node.attribute.extend(helper.make_attribute(key, attributes[key]) for key in attributes)
        self.nodes.append(node)
        batch = () if constant else (self.batch,)
        element = dtype or helper.np_dtype_to_tensor_dtype(self.dtype)
        self.infos.append(
            helper.make_tensor_value_info(result.name, element, (*batch, *result.shape))
        )
        return result
