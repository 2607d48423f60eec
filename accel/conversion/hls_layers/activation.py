"""`hw.layer.activation.Activation` as ``chronogate::activation``.

hls4ml's own linear activation would do for a format alone, but its optimizer merges some of them
into the layer before.
"""

from accel.conversion.hls_layers.code import Template, cpp_struct
from accel.conversion.hls_layers.function import function_struct
from hw.layer.activation import Activation


def activation(name: str, spec: Activation) -> Template:
    """Return the layer's template."""
    function = function_struct(f"{name}_function", spec.function, spec.input)
    members: dict[str, str | int] = {
        "n_in": spec.channels,
        "n_sequence": spec.steps or 1,
        "function": f"{name}_function",
    }
    return Template(
        "chronogate_function.h",
        "chronogate::activation",
        f"{function}\n{cpp_struct(name, members)}",
        name,
        spec.outputs[0],
    )
