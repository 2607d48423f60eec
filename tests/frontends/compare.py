"""What every front end must show: the framework's values, in integer codes, and the RTL's."""

from pathlib import Path

import numpy as np

from hw.network.graph import Network
from hw.network.serialization import load_network, save_network
from sim.rtl_model import RtlModel


def assert_exact(network: Network, x: np.ndarray, expected: np.ndarray) -> None:
    """Compare the golden model with a framework's inference.

    Parameters
    ----------
    network
        Made from the framework's model.
    x
        Any floats ``(N, ...)``; the network's own input format quantizes them.
    expected
        What the framework gives for them.
    """
    codes = network.input_format.quantize(np.asarray(x, np.float64))
    wanted = np.ldexp(np.asarray(expected, np.float64), network.output_format.fraction)
    assert (wanted == np.rint(wanted)).all(), "the framework gives values off the output's grid"
    found = network.reference(codes).reshape(wanted.shape)
    np.testing.assert_array_equal(found, wanted.astype(np.int64))
    assert len(np.unique(found)) > 2, "the model gives hardly anything"


def assert_rtl_equal(network: Network, x: np.ndarray, folder: Path) -> None:
    """Compare the RTL with the golden model, on the network as it comes back from its files."""
    save_network(network, folder)
    codes = network.input_format.quantize(np.asarray(x, np.float64))
    with RtlModel(load_network(folder), folder / "build", optimize="-O0") as rtl:
        run = rtl.run(codes, input_gaps=0.3, output_stalls=0.3, seed=1)
    np.testing.assert_array_equal(run.outputs, network.reference(codes))
