"""A node of hls4ml's graph, as a front end left it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hls4ml.model.layers import Layer

from accel.conversion.draft import LayerDraft
from accel.conversion.grid import grid_codes
from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint


@dataclass(frozen=True, eq=False)
class ImportedNode:
    """What the lowering wants to know of a node.

    Parameters
    ----------
    layer
        hls4ml's node; its attributes are what the front end read.
    inputs
        Names of the values that it takes.
    output
        Name of the value that it gives.
    shape
        Of its output, without the batch.
    bias
        Constants that a node behind it adds to a product.
    """

    layer: Layer
    inputs: tuple[str, ...]
    output: str
    shape: tuple[int, ...]
    bias: np.ndarray | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.layer.name)

    @property
    def kind(self) -> str:
        """hls4ml's class name."""
        return str(self.layer.class_name)

    @property
    def draft(self) -> LayerDraft:
        """What handlers of Keras layers read: name, types and shape; there is no such layer."""
        no_keras: Any = None
        types = (self.kind,)
        return LayerDraft(self.name, self.kind, no_keras, self.inputs, None, self.shape, types)

    def get(self, key: str, default: object = None) -> object:
        """Return an attribute that the front end read."""
        found = self.layer.attributes.get(key)
        return default if found is None else found

    def number(self, key: str, default: int = 0) -> int:
        """Return an attribute that is a whole number."""
        value = self.get(key, default)
        return int(np.asarray(value).reshape(-1)[0])

    def array(self, key: str) -> np.ndarray | None:
        """Return an attribute that is an array, as float64."""
        value = self.get(key)
        return None if value is None else np.asarray(value, dtype=np.float64)

    def refuse(self, problem: str, remedy: str) -> ChronogateError:
        """Return the error that names this node."""
        return ChronogateError(f"layer {self.name!r}: {problem}: {remedy}")

    def codes(self, what: str, values: np.ndarray) -> tuple[np.ndarray, FixedPoint]:
        """Return weights, which the framework has quantized, as integer codes.

        Raises
        ------
        ChronogateError
            When they lie on no binary grid of few bits.
        """
        if not np.isfinite(values).all():
            raise self.refuse(f"{what} holds NaN or infinite values", "train the model again")
        found = grid_codes(values)
        if found is None:
            raise self.refuse(
                f"the values of {what} lie on no binary grid of few bits",
                "quantize it, with a power of two as scale",
            )
        return found
