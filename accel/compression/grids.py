"""WeightGrid: how weights are stored, with a binary point anywhere.

QKeras's ``integer`` is never negative, so weights that are all small would waste their first bits.
``alpha=2**-k`` multiplies what is stored behind the rounding: weights ``w`` are kept as
``w * 2**k`` and the format's point lies k places further left, exactly.
"""

from dataclasses import dataclass

import numpy as np

from accel.qkeras_compat import qkeras

DEEPEST = -12
"""The furthest that a point is moved left of the sign."""


@dataclass(frozen=True)
class WeightGrid:
    """A signed format.

    Parameters
    ----------
    bits
        In all.
    integer
        Bits left of the point without the sign; negative where the first bits behind it are none.
    """

    bits: int
    integer: int

    @classmethod
    def of(cls, quantizer: qkeras.quantized_bits) -> "WeightGrid":
        """Return the grid of a quantizer whose ``alpha`` is a power of two."""
        alpha = quantizer.alpha
        shift = 0 if alpha is None or isinstance(alpha, str) else round(np.log2(float(alpha)))
        return cls(int(quantizer.bits), int(quantizer.integer) + shift)

    @property
    def scale(self) -> float:
        """What a stored value is multiplied by behind its rounding."""
        return 2.0 ** min(self.integer, 0)

    @property
    def step(self) -> float:
        """What the last bit counts."""
        return 2.0 ** (self.integer + 1 - self.bits)

    @property
    def quantizer(self) -> qkeras.quantized_bits:
        """QKeras's quantizer of weights that are kept divided by `scale`."""
        return qkeras.quantized_bits(
            self.bits, max(self.integer, 0), alpha=1 if self.integer >= 0 else self.scale
        )

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Return the nearest values of the grid, ties to even."""
        largest = 2 ** (self.bits - 1) - 1
        return np.clip(np.rint(values / self.step), -largest - 1, largest) * self.step


def best_grid(values: np.ndarray, bits: int, whole: bool = False) -> WeightGrid:
    """Return the grid of so many bits that rounds and clips `values` with the least square error.

    Parameters
    ----------
    whole
        True: `integer` is not negative, as formats of activations want it.
    """
    most = float(np.max(np.abs(values), initial=0.0))
    if most == 0:
        return WeightGrid(bits, 0)
    top = int(np.ceil(np.log2(most))) + 1
    lowest = 0 if whole else DEEPEST
    choices = range(max(lowest, top - bits), max(lowest, min(top, bits - 1)) + 1)
    grids = [WeightGrid(bits, integer) for integer in choices]
    return min(grids, key=lambda grid: float(np.mean((grid.rounded(values) - values) ** 2)))
