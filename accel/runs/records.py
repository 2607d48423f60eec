"""What the steps of a run leave for later ones, besides the results of other parts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accel.runs.json_files import read_json
from accel.runs.run import Run, Step
from hw.network.graph import Network
from hw.stream import Port

DRAWN_WINDOWS = 1000
"""Windows drawn at random where a run has no test data, as one made from a bare ``.h5`` file."""

TEST_WINDOWS = "test_windows.npz"
VALIDATION_WINDOWS = "validation_windows.npz"
TEST_FORECASTS = "test_forecasts.npz"


@dataclass(frozen=True)
class Agreement:
    """A comparison of two realizations, code by code.

    Parameters
    ----------
    windows, values
        Windows run and codes compared.
    mismatches
        Codes that differ.
    """

    windows: int
    values: int
    mismatches: int

    @classmethod
    def of(cls, expected: np.ndarray, actual: np.ndarray) -> "Agreement":
        """Compare codes, or scaled float64 results that ought to be codes, ``(N, n_out)``."""
        return cls(len(expected), int(expected.size), int(np.count_nonzero(expected != actual)))

    def __add__(self, other: "Agreement") -> "Agreement":
        """Join the comparisons of two batches."""
        return Agreement(
            self.windows + other.windows,
            self.values + other.values,
            self.mismatches + other.mismatches,
        )


@dataclass(frozen=True)
class Conversion:
    """``conversion.json``.

    Parameters
    ----------
    fingerprint
        Of the network made.
    seed
        Of the windows drawn, where there were no test windows.
    qkeras
        The stock QKeras model in float64 against the golden model.
    float32_differences
        Output codes on which QKeras in its usual float32 differs; float64 is the definition.
    hls_reason
        Why there is no HLS project; empty when there is one.
    note
        Why QKeras was compared with another network than the one converted; empty otherwise.
    """

    fingerprint: str
    seed: int
    qkeras: Agreement
    float32_differences: int
    hls_reason: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class TestWindows:
    """``test_windows.npz``: arrays as in `accel.datasets.windows.Windows`."""

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray
    times: np.ndarray

    __test__ = False  # not a test, whatever pytest makes of its name


def load_conversion(run: Run) -> Conversion:
    """Read ``conversion.json``."""
    run.require(Step.CONVERT)
    return read_json(run.path("conversion.json"), Conversion)


def load_test_windows(run: Run) -> TestWindows | None:
    """Read the test windows, if the run was trained here."""
    path = run.path(TEST_WINDOWS)
    if not path.exists():
        return None
    with np.load(path) as arrays:
        return TestWindows(arrays["inputs"], arrays["targets"], arrays["mask"], arrays["times"])


def load_forecasts(run: Run) -> np.ndarray | None:
    """Read the RTL's forecast codes for all test windows, if they were verified."""
    path = run.path(TEST_FORECASTS)
    if not path.exists():
        return None
    with np.load(path) as arrays:
        return arrays["codes"]


def window_codes(run: Run, network: Network, seed: int) -> tuple[np.ndarray, ...]:
    """Return the codes of every input: all test windows, or drawn ones without them."""
    windows = load_test_windows(run)
    if windows is not None:
        return (network.input_format.quantize(windows.inputs),)
    rng = np.random.default_rng(seed)
    return tuple(_drawn(port, rng) for port in network.inputs)


def _drawn(port: Port, rng: np.random.Generator) -> np.ndarray:
    grid = port.format.plain()
    shape = (port.channels,) if port.steps is None else (port.steps, port.channels)
    return rng.integers(
        grid.minimum, grid.maximum, (DRAWN_WINDOWS, *shape), dtype=np.int64, endpoint=True
    )


def forecasts(results: Sequence[np.ndarray]) -> np.ndarray:
    """Return what all outputs give for a window side by side, ``(N, values)``."""
    return np.concatenate([codes.reshape(len(codes), -1) for codes in results], axis=1)
