"""Orders in which the beats of interleaved series come."""

import numpy as np
import pytest

from sim.beats import random_order


@pytest.mark.parametrize(("rows", "length", "series"), [(7, 3, 3), (2, 4, 5), (12, 1, 4)])
def test_any_series_may_be_next_but_its_rows_come_in_turn(
    rows: int, length: int, series: int
) -> None:
    order = random_order(rows, length, series, 1)
    assert np.bincount(order).tolist() == [length] * rows
    for number in range(min(series, rows)):
        of = order[order % series == number]
        assert of.tolist() == np.repeat(np.arange(number, rows, series), length).tolist()
    assert (order != random_order(rows, length, series, 2)).any()
