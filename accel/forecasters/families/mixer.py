"""Mixer: dense layers over time and over channels in turn, each added to what it saw.

TSMixer (Chen et al., arXiv:2303.06053) without its normalizations between the layers, for which
the level of the window stands.
"""

from typing import TYPE_CHECKING, Literal

from accel.forecasters.family import Family
from accel.forecasters.formats import Positive
from accel.forecasters.layer_names import OUTPUT
from accel.forecasters.shape import Shape

if TYPE_CHECKING:
    from accel.forecasters.kit import Kit, Tensor

TIME, WIDE, NARROW = "time_mixing", "channel_mixing", "channel_mixed"


class MixerModel(Family):
    """``family = "mixer"``.

    Parameters
    ----------
    blocks
        Pairs of mixing layers.
    hidden
        Values between the two layers that mix channels.
    """

    family: Literal["mixer"]
    normalization: Literal["none", "mean", "last"] = "last"
    blocks: Positive = 1
    hidden: Positive = 8

    @property
    def dense_layers(self) -> tuple[str, ...]:
        mixing = (f"{name}_{n}" for n in range(1, self.blocks + 1) for name in (TIME, WIDE, NARROW))
        return (*mixing, OUTPUT)

    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        from accel.forecasters.channels import targets_of
        from accel.qkeras_compat import keras

        layers, formats = keras.layers, self.formats
        for block in range(1, self.blocks + 1):
            values = self._time_mixed(values, shape, kit, block)
            values = self._channels_mixed(values, shape, kit, block)
        turned = layers.Permute((2, 1), name="by_channel")(values)
        forecast = kit.output_layer(turned, shape.horizon, formats)
        forecast = kit.quantize(forecast, formats.output, "channel_forecasts")
        by_step = layers.Permute((2, 1), name="by_step")(forecast)
        picked = targets_of(by_step, shape, formats.output, kit)
        return layers.Flatten(name="forecast_flat")(picked)

    def _time_mixed(self, values: "Tensor", shape: Shape, kit: "Kit", block: int) -> "Tensor":
        from accel.qkeras_compat import keras

        layers, formats, name = keras.layers, self.formats, f"{TIME}_{block}"
        turned = layers.Permute((2, 1), name=f"{name}_turned")(values)
        mixed = kit.dense(turned, shape.look_back, formats.kernel, formats.bias, name)
        mixed = kit.relu(mixed, formats.hidden, f"{name}_relu")
        back = layers.Permute((2, 1), name=f"{name}_back")(mixed)
        both = layers.Add(name=f"{name}_added")([values, back])
        return kit.quantize(both, formats.normalized, f"{name}_format")

    def _channels_mixed(self, values: "Tensor", shape: Shape, kit: "Kit", block: int) -> "Tensor":
        from accel.qkeras_compat import keras

        layers, formats = keras.layers, self.formats
        wide, narrow = f"{WIDE}_{block}", f"{NARROW}_{block}"
        mixed = kit.dense(values, self.hidden, formats.kernel, formats.bias, wide)
        mixed = kit.relu(mixed, formats.hidden, f"{wide}_relu")
        mixed = kit.dense(mixed, shape.channels, formats.kernel, formats.bias, narrow)
        both = layers.Add(name=f"{narrow}_added")([values, mixed])
        return kit.quantize(both, formats.normalized, f"{narrow}_format")


FAMILY = MixerModel
