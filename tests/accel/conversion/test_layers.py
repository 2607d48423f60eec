"""Every layer that converts against QKeras: codes at every layer and step, then its RTL."""

import numpy as np
import pytest

import accel
from tests.accel.conversion.compare import assert_equal_to_qkeras, draw_codes
from tests.accel.conversion.layered import NAMES, model_of

WINDOWS = 60


@pytest.mark.parametrize("name", NAMES)
def test_golden_model_is_qkeras(name: str) -> None:
    model = model_of(name)
    network = accel.convert(model).network
    outputs = assert_equal_to_qkeras(model, network, draw_codes(network, WINDOWS, 1))
    assert len(np.unique(outputs)) > 2
    assert network.timing.interval_cycles > 0
