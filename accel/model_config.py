"""The ``[model]`` part of a configuration: one class per family of forecasters.

A format is written ``{ bits = 8, integer = 2 }`` as in QKeras's ``quantized_bits``: `integer`
counts the bits left of the binary point without the sign, so this one holds -4 to 4 - 1/32 in
steps of 1/32. In relu formats, which have no sign, `integer` counts the same way.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Positive = Annotated[int, Field(ge=1)]
GateBits = Annotated[int, Field(ge=2, le=16)]


class Part(BaseModel):
    """A table under ``[model]``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Format(Part):
    """A number format with `integer` bits left of the point, sign excluded."""

    bits: Annotated[int, Field(ge=2, le=16)]
    integer: Annotated[int, Field(ge=0, le=15)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.integer >= self.bits:
            raise ValueError(f"integer = {self.integer} must be below bits = {self.bits}")
        return self


class DenseFormats(Part):
    """Formats that every family has."""

    input: Format = Format(bits=8, integer=2)
    kernel: Format = Format(bits=8, integer=0)
    bias: Format = Format(bits=8, integer=1)
    hidden: Format = Format(bits=8, integer=2)
    output_kernel: Format = Format(bits=8, integer=1)
    output: Format = Format(bits=10, integer=2)


class GruFormats(DenseFormats):
    """Formats of a GRU forecaster."""

    recurrent: Format = Format(bits=8, integer=0)
    state: Format = Format(bits=8, integer=0)
    gates: GateBits = 8


class LstmFormats(GruFormats):
    """Formats of an LSTM forecaster, whose cell state leaves [-1, 1]."""

    state: Format = Format(bits=10, integer=2)

    @field_validator("bias")
    @classmethod
    def _holds_one(cls, bias: Format) -> Format:
        if bias.integer < 1:
            raise ValueError("integer must be at least 1: the forget gate's bias starts at 1.0")
        return bias


DenseReuse = Annotated[tuple[Positive, ...], Field(strict=False)]


class MlpReuse(Part):
    """Clock cycles for the products of each dense layer, the output layer last."""

    dense: Positive | DenseReuse = 1


class RecurrentReuse(MlpReuse):
    """Clock cycles for each product of a recurrent layer as well."""

    input: Positive = 1
    recurrent: Positive = 1


class ModelConfig(Part):
    """What every family has: dense relu layers before the output layer."""

    hidden: Annotated[tuple[Positive, ...], Field(strict=False)] = ()
    strategy: Literal["resource", "latency", "shared"] = "resource"
    skip_zeros: bool = False
    reuse: MlpReuse = MlpReuse()

    @model_validator(mode="after")
    def _reuse_per_layer(self) -> Self:
        layers = len(self.hidden) + 1
        dense = self.reuse.dense
        if isinstance(dense, tuple) and len(dense) != layers:
            raise ValueError(
                f"reuse.dense lists {len(dense)} factors for {layers} dense layers "
                "(the hidden ones and the output): give one for each, or a single number"
            )
        return self

    @property
    def dense_reuse(self) -> tuple[int, ...]:
        """Reuse factor of each dense layer, the output layer last."""
        dense = self.reuse.dense
        return dense if isinstance(dense, tuple) else (dense,) * (len(self.hidden) + 1)


class MlpModel(ModelConfig):
    """``family = "mlp"``: dense layers over the whole window; linear without hidden ones."""

    family: Literal["mlp"]
    formats: DenseFormats = DenseFormats()


class Delta(Part):
    """Thresholds of delta updates, in the units of what is compared.

    `input` is in standard deviations, as all inputs are scaled; `state` in those of the state,
    which mostly lies in [-1, 1].
    """

    input: Annotated[float, Field(ge=0)] = 0.0
    state: Annotated[float, Field(ge=0)] = 0.0


class GruModel(ModelConfig):
    """``family = "gru"``: one GRU over the window, dense layers on its last state."""

    family: Literal["gru"]
    units: Positive
    reset_after: bool = True
    formats: GruFormats = GruFormats()
    reuse: RecurrentReuse = RecurrentReuse()
    delta: Delta | None = None


class LstmModel(ModelConfig):
    """``family = "lstm"``: one LSTM over the window, dense layers on its last state."""

    family: Literal["lstm"]
    units: Positive
    formats: LstmFormats = LstmFormats()
    reuse: RecurrentReuse = RecurrentReuse()
    delta: Delta | None = None


AnyModel = MlpModel | GruModel | LstmModel
