"""`Dense` and `UnrolledDense`: hls4ml's own layer, or for every time step our loop of it."""

from accel.conversion.frontend import GridQuantizer
from accel.conversion.hls_layers.code import Stock, Template
from accel.conversion.hls_layers.convolution import dense_of_every_step
from accel.conversion.hls_layers.product import LATENCY_PRODUCTS
from hw.layer.dense.dense import Dense
from hw.layer.dense.unrolled_dense import UnrolledDense

AnyDense = Dense | UnrolledDense


def dense(name: str, spec: AnyDense) -> Stock | Template:
    """Return the layer; its accumulator has the format of the result."""
    if spec.steps is not None:
        return dense_of_every_step(name, spec, spec.steps)
    n_in, n_out = spec.kernel.shape
    kernel = spec.kernel_format.to_float(spec.kernel)
    bias = spec.bias_format.to_float(spec.bias)
    attributes: dict[str, object] = {
        "n_in": n_in,
        "n_out": n_out,
        "weight_data": kernel,
        "weight_quantizer": GridQuantizer(kernel, spec.kernel_format),
        "bias_data": bias,
        "bias_quantizer": GridQuantizer(bias, spec.bias_format),
    }
    # The sum of any subset of products wraps back into the range of the whole.
    precision = {"accum": spec.output.plain()}
    strategy = "Latency" if spec.kernel.size <= LATENCY_PRODUCTS else "Resource"
    return Stock("Dense", attributes, precision, spec.outputs[0], _reuse(spec), strategy)


def _reuse(spec: AnyDense) -> int:
    return spec.reuse if isinstance(spec, Dense) else 1
