"""``[search]`` of a configuration: what to vary, what to minimize, and what must hold."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Value = bool | int | float | str | list[bool | int | float | str]
"""What a key of the configuration may become."""

Measure = Literal[
    "error", "latency_cycles", "interval_cycles", "latency_ns", "multipliers", "weight_bits",
    "bit_products", "luts",
]  # fmt: skip
"""What is known of a point (`accel.search.point.Point`)."""


class Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Range(Table):
    """Numbers from `low` to `high`, whole ones if both are.

    Parameters
    ----------
    step
        From one to the next.
    log
        Whether they are drawn evenly by their logarithm.
    """

    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether whole numbers are drawn."""
        return all(isinstance(n, int) for n in (self.low, self.high, self.step or 1))

    @model_validator(mode="after")
    def _right(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low = {self.low} must be below high = {self.high}")
        if self.log and (self.step is not None or self.low <= 0):
            raise ValueError("log wants a low above 0 and no step: leave one of them out")
        return self


UNTRAINED: frozenset[Measure] = frozenset(("error", "luts"))
"""Measures that are not known before a forecaster is trained: zeros and powers of two save LUTs."""


class SearchConfig(Table):
    """``[search]``.

    Parameters
    ----------
    vary
        By the dotted key of the configuration, a list of values or a `Range`.
    minimize
        Two or more measures.
    limits
        By the name of a measure, the most that it may be.
    sampler
        Optuna's: ``"tpe"``, ``"nsga2"``, or ``"random"`` to compare them with.
    patience
        Epochs after which a trial may be given up, if `rivals` finished ones that cost no more in
        any measure were all better at the same epoch.
    rivals
        How many it takes.
    seed
        Of the sampler; trials train with ``training.seed``.
    """

    vary: Annotated[dict[str, Range | list[Value]], Field(min_length=1)]
    minimize: Annotated[tuple[Measure, ...], Field(strict=False, min_length=2)] = (
        "error",
        "latency_cycles",
        "multipliers",
    )
    limits: dict[Measure, float] = {}
    sampler: Literal["tpe", "nsga2", "random"] = "tpe"
    patience: Annotated[int, Field(ge=1)] = 4
    rivals: Annotated[int, Field(ge=1)] = 3
    seed: Annotated[int, Field(ge=0)] = 1

    @property
    def synthesized(self) -> bool:
        """Whether anything is asked that Yosys has to count."""
        return "luts" in self.minimize or "luts" in self.limits

    @model_validator(mode="after")
    def _right(self) -> Self:
        for key, choice in self.vary.items():
            if isinstance(choice, list) and len(choice) < 2:
                raise ValueError(f"vary.{key} has fewer than two values: give more, or leave it")
        if len(set(self.minimize)) < len(self.minimize):
            raise ValueError("minimize names a measure twice: name each once")
        return self
