"""Nodes of hls4ml's graph for the layers of Keras that it does not read as they are."""

from hls4ml.model.layers import Layer, layer_map


class KerasLayer(Layer):
    """A layer of which hls4ml knows the shape, and the lowering everything from Keras itself."""

    def initialize(self) -> None:
        """Add the output, of the shape that Keras gives."""
        shape = self.get_attr("keras_shape")
        assert isinstance(shape, list)
        self.add_output_variable(shape)


class KerasProducts(KerasLayer):
    """A `KerasLayer` with weights, which can be folded."""


class KerasRecurrence(KerasProducts):
    """A `KerasLayer` with two products, folded each by its own factor."""


for _kind in (KerasLayer, KerasProducts, KerasRecurrence):
    layer_map[_kind.__name__] = _kind
