"""What layers have in common whose gates each take one sum of both products."""

from functools import cached_property

from hw.layer.dense.dense import Dense
from hw.layer.recurrent.folded_recurrence import FoldedRecurrence
from hw.number.arithmetic import sum_format
from hw.number.fixed_point import FixedPoint


class OneSum(FoldedRecurrence):
    """A recurrent layer that computes with ``z = x . kernel + bias + q(h) . recurrent_kernel``.

    The simple one and the LSTM do; a GRU's candidate treats its two products apart.
    """

    @cached_property
    def input_product(self) -> Dense:
        """The arithmetic of ``x . kernel + bias``."""
        return Dense(
            self.kernel,
            self.bias,
            self.input,
            self.kernel_format,
            self.bias_format,
            1,
            self.steps,
            reloadable=self.reloadable,
        )

    @cached_property
    def recurrent_sum(self) -> FixedPoint:
        """Format of ``q(h) . recurrent_kernel``."""
        return self.sum_format_of(self.recurrent_kernel, self.state)

    @cached_property
    def sum(self) -> FixedPoint:
        """Format of z, the activations' argument."""
        return sum_format(self.input_product.output, self.recurrent_sum)
