"""Family: what every family of forecasters has, as written under ``[model]``.

A new family is one file in `accel.forecasters.families`: a class with its settings, and `core`,
which builds what is its own. Classes of settings are made without TensorFlow; whatever needs it is
imported where it is used.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from accel.forecasters.formats import DenseFormats, DenseReuse, Format, Part, Sizes
from accel.forecasters.layer_names import (
    INPUT_QUANTIZER,
    OUTPUT,
    OUTPUT_QUANTIZER,
    dense_name,
)
from accel.forecasters.shape import Shape

if TYPE_CHECKING:
    from accel.forecasters.fit_data import FitData
    from accel.forecasters.kit import Kit, Tensor
    from accel.forecasters.level import Level
    from accel.qkeras_compat import keras


class Family(Part):
    """A family's settings.

    Parameters
    ----------
    family
        Its name.
    normalization
        What is subtracted from each channel of a window, and given back to the forecast: its
        ``mean`` or ``last`` value, or nothing. It is part of the hardware.
    strategy, skip_zeros, reuse
        How the products are folded.
    reloadable
        Whether a host can replace the weights at run time.
    """

    closed_form: ClassVar[bool] = False
    """Whether `start` fits the weights, so that no epoch of training is needed."""

    family: str
    normalization: Literal["none", "mean", "last"] = "none"
    strategy: Literal["resource", "latency", "shared"] = "resource"
    skip_zeros: bool = False
    reloadable: bool = False
    formats: DenseFormats = DenseFormats()
    reuse: DenseReuse = DenseReuse()

    @model_validator(mode="after")
    def _reuse_per_layer(self) -> Self:
        names, dense = self.dense_layers, self.reuse.dense
        if isinstance(dense, tuple) and len(dense) != len(names):
            raise ValueError(
                f"reuse.dense lists {len(dense)} factors for {len(names)} dense layers "
                f"({', '.join(names)}): give one for each, or a single number"
            )
        return self

    @property
    def dense_layers(self) -> tuple[str, ...]:
        """Names of the layers that `reuse.dense` folds, the output layer last."""
        return (OUTPUT,)

    @property
    def seen(self) -> Format:
        """The format of the values that `core` sees."""
        return self.formats.input if self.normalization == "none" else self.formats.normalized

    @property
    def folding(self) -> dict[str, dict[str, object]]:
        """Keys of ``hls_config`` by layer name."""
        dense = self.reuse.dense
        factors = dense if isinstance(dense, tuple) else (dense,) * len(self.dense_layers)
        pairs = zip(self.dense_layers, factors, strict=True)
        return {name: {"ReuseFactor": factor} for name, factor in pairs}

    @abstractmethod
    def core(self, values: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        """Return the forecast ``(outputs,)``, every bit kept.

        It is made of values ``(look_back, channels)``. Both are without the level that
        `normalization` takes away.
        """

    def core_on_level(
        self, values: "Tensor", level: "Level | None", shape: Shape, kit: "Kit"
    ) -> "Tensor":
        """Return what `core` does; of a family that looks at the level taken away, in its place."""
        return self.core(values, shape, kit)

    def compose(self, window: "Tensor", shape: Shape, kit: "Kit") -> "Tensor":
        """Return the forecast ``(outputs,)`` from a window ``(look_back, channels)``."""
        from accel.forecasters.level import give_back, take_away

        values = kit.quantize(window, self.formats.input, INPUT_QUANTIZER)
        values, level = take_away(values, self.normalization, shape, self.formats, kit)
        forecast = self.core_on_level(values, level, shape, kit)
        if level is not None:
            forecast = give_back(forecast, level, shape, kit)
        return kit.quantize(forecast, self.formats.output, OUTPUT_QUANTIZER)

    def start(self, model: "keras.Model", data: "FitData") -> bool:
        """Fit what has a closed form, in place; return whether there is any."""
        return False


class HiddenLayers(Family):
    """A family that ends in dense relu layers before its output layer."""

    hidden: Sizes = ()

    @property
    def dense_layers(self) -> tuple[str, ...]:
        return (*(dense_name(n) for n in range(len(self.hidden))), OUTPUT)
