"""What the recurrent families share: a window in segments, one cell, dense layers on its state."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from accel.forecasters.family import HiddenLayers
from accel.forecasters.formats import Delta, Positive, RecurrentFormats, RecurrentReuse
from accel.forecasters.shape import Shape
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from accel.forecasters.kit import Kit, Tensor
    from accel.qkeras_compat import keras


class Recurrent(HiddenLayers):
    """A recurrent family.

    Parameters
    ----------
    units
        Size of the state.
    segment
        Time steps that the cell takes at once, as in SegRNN (Lin et al., arXiv:2308.11200): a
        window of 96 steps is 8 steps of the cell with ``segment = 12``.
    """

    units: Positive
    segment: Positive = 1
    formats: RecurrentFormats = RecurrentFormats()
    reuse: RecurrentReuse = RecurrentReuse()

    @property
    def folding(self) -> dict[str, dict[str, object]]:
        return {**super().folding, self.family: self._recurrent_folding()}

    @abstractmethod
    def quantized(self) -> "keras.layers.Layer":
        """Return the layer of the forecaster."""

    @abstractmethod
    def floating(self) -> "keras.layers.Layer":
        """Return the layer of its float twin."""

    def built(
        self, kind: "Callable[..., keras.layers.Layer]", **further: object
    ) -> "keras.layers.Layer":
        """Return a layer of QKeras with this family's size and formats."""
        from accel.forecasters.kit import quantizer
        from accel.qkeras_compat import qkeras

        formats = self.formats
        return kind(
            self.units,
            activation=qkeras.quantized_tanh(formats.gates),
            kernel_quantizer=quantizer(formats.kernel),
            recurrent_quantizer=quantizer(formats.recurrent),
            bias_quantizer=quantizer(formats.bias),
            state_quantizer=quantizer(formats.state),
            name=self.family,
            **further,
        )

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        from accel.qkeras_compat import keras

        if self.segment > 1:
            if shape.look_back % self.segment:
                raise ChronogateError(
                    f"model.segment = {self.segment} does not divide forecast.look_back = "
                    f"{shape.look_back}: choose one that does"
                )
            steps = shape.look_back // self.segment
            segments = keras.layers.Reshape((steps, self.segment * shape.channels), name="segments")
            values = segments(values)
        state = kit.layer(self.quantized, self.floating)(values)
        state = kit.hidden_layers(state, self.hidden, self.formats)
        return kit.output_layer(state, shape.outputs, self.formats)

    def _recurrent_folding(self) -> dict[str, object]:
        return {
            "ReuseFactor": self.reuse.input,
            "RecurrentReuseFactor": self.reuse.recurrent,
        }


class Gated(Recurrent):
    """A recurrent family with gates, which can leave out what has hardly changed."""

    delta: Delta | None = None

    def built(
        self, kind: "Callable[..., keras.layers.Layer]", **further: object
    ) -> "keras.layers.Layer":
        from accel.qkeras_compat import qkeras

        return super().built(
            kind,
            recurrent_activation=qkeras.quantized_sigmoid(self.formats.gates),
            implementation=2,  # one product for all gates: trains twice as fast, the same numbers
            **further,
        )

    def _recurrent_folding(self) -> dict[str, object]:
        folding = super()._recurrent_folding()
        if self.delta is not None:
            folding |= {
                "InputThreshold": self.delta.input,
                "StateThreshold": self.delta.state,
            }
        return folding
