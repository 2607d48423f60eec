"""An ONNX graph with QONNX's ``Quant`` nodes (``qonnx.custom_op.general``), which tell formats."""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from accel.export.onnx_operations import SINGLE_BITS, OnnxOperations, Tensor
from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint, Overflow
from hw.stream import Port

DOMAIN = "qonnx.custom_op.general"


@dataclass(frozen=True)
class QonnxOperations(OnnxOperations):
    """`OnnxOperations` whose numbers are rounded by `Quant`."""

    def quantized_input(self, tensor: Tensor, port: Port) -> Tensor:
        """Return an input, which has to be in its format: `Quant` would be of float32."""
        return tensor

    def weights(self, codes: np.ndarray, format: FixedPoint) -> Tensor:
        """Return a constant behind a `Quant` of its format."""
        values = super().weights(codes, format)
        if (format.width == 1 and format.signed) or format.width > SINGLE_BITS:
            return values  # Quant takes one signed bit for a sign without zero
        return self.rounded(values, format, "ROUND", narrow=False)

    def quantize(self, x: Tensor, source: FixedPoint, target: FixedPoint, where: str) -> Tensor:
        """Return `x` in the format `target`; every rounding, and every overflow but one."""
        if target.overflow is Overflow.SAT_ZERO or (target.width == 1 and target.signed):
            raise ChronogateError(
                f"layer {where!r}: {target} has no counterpart in QONNX: let it saturate (AP_SAT) "
                "and have two bits or more, or export to ONNX"
            )
        return super().quantize(x, source, target, where)

    def rounded(self, x: Tensor, format: FixedPoint, mode: str, narrow: bool) -> Tensor:
        """Return `x` behind a `Quant`; it returns float32, which is too narrow for some."""
        if format.width > SINGLE_BITS:
            return super().rounded(x, format, mode, narrow)
        scalars = [np.float32(value) for value in (format.step, 0, format.width)]
        parameters = [self.initializer(np.array(value)) for value in scalars]
        # qonnx computes Quant in the type of its input and returns float32.
        result = self.node(
            "Quant", [x, *parameters], x.shape, TensorProto.FLOAT, DOMAIN,
            signed=int(format.signed), narrow=int(narrow), rounding_mode=mode,
        )  # fmt: skip
        return result if self.dtype == np.float32 else self.cast(result)
