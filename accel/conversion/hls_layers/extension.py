"""Our templates as hls4ml sees them: one layer class, registered with two of its backends."""

from pathlib import Path

from hls4ml.backends import get_backend
from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.layers import Layer, layer_map, register_layer

from accel.conversion.hls_layers.code import Template
from accel.conversion.settings import precision_type

BACKENDS = ("Vitis", "Vivado")
HEADERS = Path(__file__).parents[1] / "hls_templates"
TEMPLATE = "chronogate_template"


class ExactLayer(Layer):
    """A layer computed by one of our templates: attribute `TEMPLATE`, a `Template`."""

    def initialize(self) -> None:
        """Create the output and the weights, with exact types."""
        template: Template = self.attributes[TEMPLATE]
        port = template.output
        shape = [port.channels] if port.steps is None else [port.steps, port.channels]
        self.add_output_variable(shape, precision=precision_type(port.format))
        for weight in template.weights:
            self.add_weights_variable(
                name=weight.name,
                var_name=weight.name + "{index}",
                type_name=weight.name + "{index}_t",
                precision=precision_type(weight.format),
                data=weight.format.to_float(weight.codes),
            )


class ExactConfig(LayerConfigTemplate):
    """The configuration in ``parameters.h``."""

    def __init__(self) -> None:
        super().__init__(ExactLayer)

    def format(self, node: Layer) -> str:
        """Return the C++ definitions."""
        return node.attributes[TEMPLATE].config


class ExactCall(FunctionCallTemplate):
    """The call in the top function."""

    def __init__(self) -> None:
        super().__init__(ExactLayer)

    def transform(self, model: object, node: Layer) -> bool:
        """Add the call, and the header that this layer needs."""
        changed = super().transform(model, node)
        node.set_attr("include_header", [f"nnet_utils/{node.attributes[TEMPLATE].header}"])
        return changed

    def format(self, node: Layer) -> str:
        """Return the call."""
        template: Template = node.attributes[TEMPLATE]
        variables = [node.get_output_variable()]
        variables += [node.get_input_variable(name) for name in node.inputs]
        types = [f"chronogate::lasting<{template.struct}>" if template.lasting else template.struct]
        for variable, port in zip(variables, (template.output, *template.inputs), strict=True):
            types.append(f"chronogate::port<{variable.type.name}, {port.beats}, {port.channels}>")
        arguments = [variable.name for variable in variables]
        arguments += [node.weights[weight.name].name for weight in template.weights]
        return f"{template.function.format(', '.join(types))}({', '.join(arguments)});"


def register() -> None:
    """Tell hls4ml's backends of the templates, once."""
    if ExactLayer.__name__ in layer_map:
        return
    register_layer(ExactLayer.__name__, ExactLayer)
    for backend in map(get_backend, BACKENDS):
        backend.register_template(ExactConfig)
        backend.register_template(ExactCall)
        for header in sorted(HEADERS.glob("*.h")):
            backend.register_source(header)
