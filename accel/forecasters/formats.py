"""Number formats and folding, as written under ``[model]``.

A format is written ``{ bits = 8, integer = 2 }`` as in QKeras's ``quantized_bits``: `integer`
counts the bits left of the binary point without the sign, so this one holds -4 to 4 - 1/32 in
steps of 1/32. In relu formats, which have no sign, `integer` counts the same way.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Positive = Annotated[int, Field(ge=1)]
Sizes = Annotated[tuple[Positive, ...], Field(strict=False)]
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

    @property
    def step(self) -> float:
        """What the last bit of a signed number counts."""
        return 2.0 ** (self.integer + 1 - self.bits)

    @property
    def largest_code(self) -> int:
        """The largest signed code; the lowest is one further from 0."""
        return 2 ** (self.bits - 1) - 1


class DenseFormats(Part):
    """Formats that every family has."""

    input: Format = Format(bits=8, integer=2)
    level: Format = Format(bits=10, integer=2)
    normalized: Format = Format(bits=8, integer=2)
    kernel: Format = Format(bits=8, integer=0)
    bias: Format = Format(bits=8, integer=1)
    hidden: Format = Format(bits=8, integer=2)
    output_kernel: Format = Format(bits=8, integer=1)
    output: Format = Format(bits=10, integer=2)


class RecurrentFormats(DenseFormats):
    """Formats of a recurrent forecaster."""

    recurrent: Format = Format(bits=8, integer=0)
    state: Format = Format(bits=8, integer=0)
    gates: GateBits = 8


class LstmFormats(RecurrentFormats):
    """Formats of an LSTM forecaster, whose cell state leaves [-1, 1]."""

    state: Format = Format(bits=10, integer=2)

    @field_validator("bias")
    @classmethod
    def _holds_one(cls, bias: Format) -> Format:
        if bias.integer < 1:
            raise ValueError("integer must be at least 1: the forget gate's bias starts at 1.0")
        return bias


class DenseReuse(Part):
    """Clock cycles for the products of each dense layer, the output layer last."""

    dense: Positive | Sizes = 1


class RecurrentReuse(DenseReuse):
    """Clock cycles for each product of a recurrent layer as well."""

    input: Positive = 1
    recurrent: Positive = 1


class Delta(Part):
    """Thresholds of delta updates, in the units of what is compared.

    `input` is in standard deviations, as all inputs are scaled; `state` in those of the state,
    which mostly lies in [-1, 1].
    """

    input: Annotated[float, Field(ge=0)] = 0.0
    state: Annotated[float, Field(ge=0)] = 0.0
