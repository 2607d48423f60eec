"""Which handler takes which node."""

from accel.conversion.imported.layers.activation import activation, leaky_relu, lookup
from accel.conversion.imported.layers.affine import batch_normalization, onnx_batch_normalization
from accel.conversion.imported.layers.convolution import conv1d, onnx_conv
from accel.conversion.imported.layers.join import concatenate, merged
from accel.conversion.imported.layers.pooling import pooling
from accel.conversion.imported.layers.product import dense, matmul
from accel.conversion.imported.layers.quantizer import brevitas_quantizer, hgq_quantizer, quant
from accel.conversion.imported.layers.scope import Handler
from accel.conversion.imported.layers.shape import reshape, transpose

HANDLERS: dict[str, Handler] = {
    "FixedPointQuantizer": hgq_quantizer,
    "BrevitasQuantizer": brevitas_quantizer,
    "Quant": quant,
    "BipolarQuant": quant,
    "Dense": dense,
    "MatMul": matmul,
    "Conv1D": conv1d,
    "Conv": onnx_conv,
    "BatchNormalization": batch_normalization,
    "BatchNormOnnx": onnx_batch_normalization,
    "Activation": activation,
    "ReLU": activation,
    "LeakyReLU": leaky_relu,
    "UnaryLUT": lookup,
    "Merge": merged,
    "Concatenate": concatenate,
    "Reshape": reshape,
    "Transpose": transpose,
    "MaxPooling1D": pooling,
    "AveragePooling1D": pooling,
    "GlobalMaxPooling1D": pooling,
    "GlobalAveragePooling1D": pooling,
    "Pooling1D": pooling,
    "GlobalPooling1D": pooling,
}
"""By hls4ml's class name."""
