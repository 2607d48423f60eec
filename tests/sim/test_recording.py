"""Waveforms of the RTL in this process, and what is read of them."""

from pathlib import Path

import numpy as np
import pytest

from accel.report.waves import Lane, wave_figure
from hw import Dense, FixedPoint, Network, Node, Port
from hw.errors import ChronogateError
from sim.recording import RecordingModel
from sim.vcd import count_toggles, read_signals, signal_names

BYTE = FixedPoint(8, 4)


@pytest.fixture(scope="module")
def network() -> Network:
    kernel = np.random.default_rng(1).integers(-8, 8, (3, 2))
    spec = Dense(Port("input", 3, BYTE, None), kernel, FixedPoint(4, 1), reuse=3)
    return Network("small", (spec.inputs[0],), (Node("dense", spec, ("input",)),), ("dense",))
