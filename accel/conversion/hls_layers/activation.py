"""`hw.layer.elementwise.activation.Activation` as ``chronogate::activation``.

hls4ml's own linear activation would do for a format alone, but its optimizer merges some of them
into the layer before.
"""

from accel.conversion.hls_layers.code import Template, template_of
from accel.conversion.hls_layers.function import function_struct
from hw.layer.elementwise.activation import Activation


def activation(name: str, spec: Activation) -> Template:
    """Return the layer's template."""
    function = function_struct(f"{name}_function", spec.function, spec.input)
    members = {"function": f"{name}_function"}
    return template_of(
        spec, "chronogate_activation.h", "chronogate::activation", name, members, function
    )
