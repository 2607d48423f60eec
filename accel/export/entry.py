"""``accel export``: a network as a file of another tool, and how far its results are the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from accel.export.formats import Format
from accel.export.hardware import Hardware
from accel.export.lowering import check_exportable
from accel.export.speed import Execution, Speed
from accel.progress import Progress, SilentProgress
from accel.runs.run import atomic_file
from hw.errors import ChronogateError
from hw.network.graph import Network

WINDOWS = 256
"""Windows compared at most; unrolled graphs are slow in Python's executor."""


SUFFIXES = {
    Format.ONNX: ".onnx",
    Format.QONNX: ".qonnx.onnx",
    Format.TFLITE: ".int8.tflite",
}
PACKAGES = {
    Format.ONNX: ("onnx", "onnxruntime"),
    Format.QONNX: ("onnx", "onnxruntime", "qonnx"),
    Format.TFLITE: ("tensorflow",),
}


@dataclass(frozen=True)
class Exported:
    """What was written, and what came out of it.

    Parameters
    ----------
    format, file
        What and where.
    runtime
        What computed the file's results.
    windows, values
        Windows run, and forecast values compared.
    mismatches
        Values whose code differs from the golden model's.
    largest_difference, mean_difference
        Of the values, in steps of the output format.
    speed
        Of the file on this machine; None for QONNX, which is for other tools to read.
    hardware
        What the network takes in hardware; None where the run has neither board nor bitstream.
    """

    format: Format
    file: Path
    runtime: str
    windows: int
    values: int
    mismatches: int
    largest_difference: float
    mean_difference: float
    speed: Speed | None = None
    hardware: Hardware | None = None

    @property
    def exact(self) -> bool:
        """Whether every code was equal."""
        return self.mismatches == 0


def export_network(
    network: Network,
    codes: np.ndarray | Sequence[np.ndarray],
    format: Format,
    file: Path,
    progress: Progress | None = None,
) -> Exported:
    """Write `network` to `file` and compare it with the golden model.

    Parameters
    ----------
    network
        What to export.
    codes
        Input codes ``(N, [T,] F)`` to compare with, and for TFLite to calibrate with; with several
        inputs one array for each.
    format, file
        What and where.
    progress
        Shows the steps.

    Raises
    ------
    ChronogateError
        When a part of the network has no counterpart, a package is missing, or an exact format
        gives other results; no file is left then.
    """
    missing = [name for name in PACKAGES[format] if find_spec(name) is None]
    if missing:
        raise ChronogateError(
            f"to export to {format}, {', '.join(missing)} must be installed: "
            "pip install 'chronogate[export]'"
        )
    check_exportable(network)
    progress = progress or SilentProgress()
    given = _windows(network, codes)
    progress.step(f"Writing {file.name}")
    expected = [
        port.format.to_float(result)
        for port, result in zip(network.output_ports, network.evaluate(given), strict=True)
    ]
    inputs = {
        port.name: port.format.to_float(array)
        for port, array in zip(network.inputs, given, strict=True)
    }
    match format:
        case Format.ONNX:
            from accel.export.onnx_file import run_file, write_file
        case Format.QONNX:
            from accel.export.qonnx_file import run_file, write_file
        case Format.TFLITE:
            from accel.export.tflite import run_file, write_file
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as partial, _in_a_sentence(file.name):
        write_file(network, inputs, partial)
        progress.step("Comparing it with the golden model")
        run = run_file(network, inputs, partial)
        found = _compare(
            network, expected, run, Exported(format, file, run.runtime, 0, 0, 0, 0.0, 0.0)
        )
        if format is not Format.TFLITE and not found.exact:
            raise ChronogateError(
                f"{found.mismatches} of {found.values} forecast values of the exported "
                f"{network.name} differ from the golden model: report this as a defect, with "
                "network.json"
            )
    return found


@contextmanager
def _in_a_sentence(name: str) -> Iterator[None]:
    """Say what a runtime does not take; each has exceptions of its own."""
    try:
        yield
    except (ChronogateError, OSError):
        raise
    except Exception as error:
        problem = str(error).strip().partition("\n")[0]
        raise ChronogateError(
            f"{name} could not be written and run ({problem}): report this as a defect, with "
            "network.json"
        ) from error


def _windows(network: Network, codes: np.ndarray | Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    given = (codes,) if isinstance(codes, np.ndarray) else tuple(codes)
    places = np.unique(np.linspace(0, len(given[0]) - 1, WINDOWS).astype(int))
    return tuple(array[places] for array in given)


def _compare(
    network: Network, expected: list[np.ndarray], run: Execution, found: Exported
) -> Exported:
    steps = [
        np.abs(other.reshape(one.shape).astype(np.float64) - one) / port.format.step
        for port, one, other in zip(network.output_ports, expected, run.results, strict=True)
    ]
    differences = np.concatenate([part.ravel() for part in steps])
    # TFLite's grid is another one: there a value differs when the code next to it does.
    wrong = differences >= 0.5 if found.format is Format.TFLITE else differences > 0
    return replace(
        found,
        windows=len(expected[0]),
        values=differences.size,
        mismatches=int(np.count_nonzero(wrong)),
        largest_difference=float(differences.max()),
        mean_difference=float(differences.mean()),
        speed=run.speed,
    )
