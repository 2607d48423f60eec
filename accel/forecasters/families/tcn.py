"""TCN: separable causal convolutions over time, each twice as dilated, the last step forecasts."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from accel.forecasters.family import HiddenLayers
from accel.forecasters.formats import Sizes
from accel.forecasters.shape import Shape

if TYPE_CHECKING:
    from accel.forecasters.kit import Kit, Tensor


class TcnModel(HiddenLayers):
    """``family = "tcn"``.

    Parameters
    ----------
    filters
        Channels behind each convolution; the n-th is dilated by ``2 ** n``.
    kernel_size
        Steps that each convolution sees.
    """

    family: Literal["tcn"]
    filters: Annotated[Sizes, Field(min_length=1)] = (8, 8, 8, 8)
    kernel_size: Annotated[int, Field(ge=2)] = 3

    @property
    def dense_layers(self) -> tuple[str, ...]:
        return (*(f"convolution_{n + 1}" for n in range(len(self.filters))), *super().dense_layers)

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        from accel.qkeras_compat import keras

        for position, filters in enumerate(self.filters):
            values = self._convolved(values, filters, position, kit)
        last = keras.layers.Cropping1D((shape.look_back - 1, 0), name="last_result")(values)
        values = keras.layers.Flatten(name="flatten")(last)
        values = kit.hidden_layers(values, self.hidden, self.formats)
        return kit.output_layer(values, shape.outputs, self.formats)

    def _convolved(self, values: "Tensor", filters: int, position: int, kit: "Kit") -> "Tensor":
        from accel.forecasters.kit import quantizer
        from accel.qkeras_compat import keras, qkeras

        formats, name = self.formats, f"convolution_{position + 1}"
        size, dilation = self.kernel_size, 2**position
        layer = kit.layer(
            lambda: qkeras.QSeparableConv1D(
                filters, size, padding="causal", dilation_rate=dilation,
                depthwise_quantizer=quantizer(formats.kernel),
                pointwise_quantizer=quantizer(formats.kernel),
                bias_quantizer=quantizer(formats.bias), name=name,
            ),
            lambda: keras.layers.SeparableConv1D(
                filters, size, padding="causal", dilation_rate=dilation, name=name
            ),
        )  # fmt: skip
        return kit.relu(layer(values), formats.hidden, f"{name}_relu")


FAMILY = TcnModel
