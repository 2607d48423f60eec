"""The receptive field of a streaming convolution: which beats an output step sees, and when.

Output step j sees the input steps ``last[j] - i * dilation`` for i = 0 ... taps - 1, where
``last[j] = j * stride + (taps - 1) * dilation - before``; steps before and after the window are
zeros (Keras ``Conv1D``; `Padding.SAME` as in ``tensorflow/core/framework/kernel_shape_util.cc``).
It leaves together with input beat ``last[j]``. What lies behind the window's last beat leaves as a
burst after it, from a copy of the history, so that the next window need not wait.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import Self

import numpy as np

from hw.errors import ChronogateError
from hw.timing import Emission


class Padding(StrEnum):
    """Keras's names for what surrounds a window."""

    VALID = "valid"
    CAUSAL = "causal"
    SAME = "same"


@dataclass(frozen=True)
class ReceptiveField:
    """Geometry and schedule.

    Parameters
    ----------
    steps
        Beats in a window.
    taps
        Steps that an output step sees (``kernel_size``).
    dilation, stride
        Input steps between two taps, and between two output steps.
    before, after
        Steps of zeros before and after the window.
    reuse
        Fewest cycles between two output steps for the arithmetic behind.
    pace
        Fewest cycles between two beats of the burst, where the next block is slower than this.

    Raises
    ------
    ChronogateError
        When a parameter is below its least value or a window gives no output step.
    """

    steps: int
    taps: int
    dilation: int
    stride: int
    before: int
    after: int
    reuse: int
    pace: int

    def __post_init__(self) -> None:
        least = min(self.steps, self.taps, self.dilation, self.stride, self.reuse, self.pace)
        if least < 1 or not 0 <= self.before <= self.reach or self.after < 0:
            raise ChronogateError(
                f"a convolution with {self} is not possible: every size is at least 1"
            )
        if self.outputs < 1:
            raise ChronogateError(
                f"a window of {self.steps} steps is shorter than the {self.reach + 1} steps that "
                "a convolution sees: use padding 'causal' or 'same', a longer window, or a "
                "smaller kernel or dilation"
            )

    @classmethod
    def padded(
        cls,
        padding: Padding,
        steps: int,
        taps: int,
        dilation: int,
        stride: int,
        reuse: int,
        pace: int,
    ) -> Self:
        """Return the field that Keras's `padding` means."""
        reach = (taps - 1) * dilation
        before = after = 0
        match padding:
            case Padding.CAUSAL:
                before = reach
            case Padding.SAME:
                outputs = ceil(steps / stride)
                total = max((outputs - 1) * stride + reach + 1 - steps, 0)
                before, after = total // 2, total - total // 2
            case Padding.VALID:
                pass
        return cls(steps, taps, dilation, stride, before, after, reuse, pace)

    def check_series(self, series: int) -> None:
        """Raise a `ChronogateError` where interleaved series leave no time for a burst."""
        if series > 1 and self.flushed:
            raise ChronogateError(
                f"a window of {series} interleaved series ends while others go on, which leaves no "
                "time for the steps behind it: use padding 'causal' or 'valid'"
            )

    @property
    def reach(self) -> int:
        """Steps between the newest and the oldest tap."""
        return (self.taps - 1) * self.dilation

    @property
    def outputs(self) -> int:
        """Output steps of a window."""
        return (self.before + self.steps + self.after - self.reach - 1) // self.stride + 1

    @cached_property
    def last(self) -> tuple[int, ...]:
        """For each output step, the newest input step that it sees; may lie behind the window."""
        return tuple(j * self.stride + self.reach - self.before for j in range(self.outputs))

    @cached_property
    def flushed(self) -> tuple[int, ...]:
        """How far behind the window the newest taps of the burst's output steps lie."""
        return tuple(step - self.steps + 1 for step in self.last if step >= self.steps)

    @property
    def flush_cycles(self) -> int:
        """Cycles between two steps of zeros behind the window."""
        return ceil(max(self.reuse, self.pace) / self.stride)

    @property
    def emission(self) -> Emission:
        """When the output steps leave."""
        behind = [max(step - self.steps + 1, 0) for step in self.last]
        return Emission(
            tuple(min(step, self.steps - 1) for step in self.last),
            tuple(steps * self.flush_cycles for steps in behind),
        )

    @cached_property
    def interval_cycles(self) -> int:
        """Fewest cycles between two input beats that keep all output steps `reuse` apart."""
        emission = self.emission
        times = list(zip(emission.trigger, emission.delay, strict=True))
        first_beat, first_delay = times[0]
        times.append((first_beat + self.steps, first_delay))
        least = [
            ceil((self.reuse + early - late) / (beat - previous))
            for (previous, early), (beat, late) in pairwise(times)
            if beat > previous
        ]
        # The copy of the history is free again when the next window's last beat comes.
        flush = ceil((emission.delay[-1] + 1) / self.steps)
        return max(1, flush, *least)

    def beats_apart(self, series: int) -> int:
        """Return the fewest cycles between two input beats of `series` interleaved series.

        With several, any two beats in a row may complete an output step each.
        """
        return self.interval_cycles if series == 1 else self.reuse

    def folded_to(self, cycles: int, products: int, series: int = 1) -> Self:
        """Return the slowest field that takes a beat every `cycles` cycles and has full use of it.

        Of all reuse factors that need the same multipliers for so many products, it has the
        smallest. A burst comes as the other beats do, every `cycles` cycles or slower.
        """
        slow = replace(self, pace=cycles)
        fits = [
            reuse
            for reuse in range(1, min(self.stride * cycles, products) + 1)
            if replace(slow, reuse=reuse).beats_apart(series) <= cycles
        ]
        multipliers = ceil(products / max(fits, default=1))
        return replace(slow, reuse=ceil(products / multipliers))

    def gather(self, codes: np.ndarray) -> np.ndarray:
        """Return the taps of every output step, the oldest first.

        Parameters
        ----------
        codes
            int64 codes ``(N, T, C)``; T may differ from `steps` where no burst is involved, as
            in a stream without windows.

        Returns
        -------
        numpy.ndarray
            int64 codes ``(N, T_out, taps, C)``.
        """
        field = replace(self, steps=codes.shape[1])
        padded = np.pad(codes, ((0, 0), (self.before, self.after), (0, 0)))
        starts = np.arange(field.outputs)[:, np.newaxis] * self.stride
        return padded[:, starts + np.arange(self.taps) * self.dilation]
