"""What a testbench run is about, on disk between the runner and the simulator's Python."""

import json
import os
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.network.graph import Network
from hw.network.storage import load_design, save_design
from sim.coverage.control import control_hits
from sim.coverage.record import Record
from sim.layer_cycles import Counts, LayerCount
from sim.verification import CycleReport, Mismatch

FOLDER_VARIABLE = "CHRONOGATE_CASE"


@dataclass(frozen=True)
class Case:
    """A network, windows for it, and a seed.

    Parameters
    ----------
    folder
        Where it is stored; results are written there, too.
    network
        The design.
    arrays
        Input codes as `Network.evaluate` takes them, an array for each input.
    seed
        Of gaps and stalls.
    locate
        Whether to watch every layer for the first difference; slow.
    """

    folder: Path
    network: Design
    arrays: tuple[np.ndarray, ...]
    seed: int
    locate: bool = False

    @property
    def codes(self) -> np.ndarray:
        """Codes of the leading input."""
        return self.arrays[self.network.inputs.index(self.network.input)]

    @cached_property
    def trace(self) -> dict[str, np.ndarray]:
        """The golden model's codes of every layer."""
        trace: dict[str, np.ndarray] = {}
        self.plain.evaluate(self.arrays, trace)
        return trace

    @cached_property
    def expected(self) -> np.ndarray:
        """The golden model's output codes ``(N, n_out)``."""
        if isinstance(self.network, GatedNetwork):
            return self.network.reference(self.codes).outputs
        return self.trace[self.network.outputs[0]]

    @property
    def plain(self) -> Network:
        """The network of a design that has only one."""
        assert isinstance(self.network, Network), f"{self.network.name} has layers of two networks"
        return self.network

    @property
    def result(self) -> str:
        """What a difference in a forecast is blamed on."""
        if isinstance(self.network, GatedNetwork):
            return self.network.name
        return self.network.outputs[0]

    def save(self) -> None:
        """Write the case into its folder."""
        save_design(self.network, self.folder)
        np.savez(self.folder / "codes.npz", *self.arrays)
        settings = {"seed": self.seed, "locate": self.locate}
        (self.folder / "case.json").write_text(json.dumps(settings))

    @classmethod
    @cache
    def from_environment(cls) -> "Case":
        """Read the case that the environment variable points to, once in a simulation."""
        folder = Path(os.environ[FOLDER_VARIABLE])
        settings = json.loads((folder / "case.json").read_text())
        network = load_design(folder)
        with np.load(folder / "codes.npz", allow_pickle=False) as archive:
            arrays = tuple(archive[f"arr_{k}"] for k in range(len(network.inputs)))
        return cls(folder, network, arrays, settings["seed"], settings["locate"])


@dataclass(frozen=True)
class TestResult:
    """What one test of the testbench found.

    Parameters
    ----------
    windows, values, mismatches
        Windows and output codes compared, and codes that differ.
    first_mismatch
        The first of them.
    cycles
        Counted cycles, from the test without gaps and stalls.
    hits
        Of each bin of `sim.coverage.control`: group, name, how often it was met.
    layers
        Counted cycles of every layer, from the test without gaps and stalls.
    span
        Nanoseconds from and until which the first window with a mismatch was in the design.
    """

    # Not a test class, whatever pytest thinks of the name.
    __test__ = False

    windows: int
    values: int
    mismatches: int
    first_mismatch: Mismatch | None = None
    cycles: CycleReport | None = None
    hits: tuple[tuple[str, str, int], ...] = ()
    layers: Counts = ()
    span: tuple[int, int] | None = None

    def save(self, folder: Path, test: str) -> None:
        """Write the result of `test`."""
        (folder / f"result_{test}.json").write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path, test: str) -> "TestResult":
        """Read the result of `test`."""
        document = json.loads((folder / f"result_{test}.json").read_text())
        mismatch, cycles = document.pop("first_mismatch"), document.pop("cycles")
        span = document.pop("span")
        layers = tuple(LayerCount(**count) for count in document.pop("layers"))
        hits = tuple((group, name, count) for group, name, count in document.pop("hits"))
        return cls(
            **document,
            hits=hits,
            layers=layers,
            span=None if span is None else (span[0], span[1]),
            first_mismatch=None if mismatch is None else Mismatch(**mismatch),
            cycles=None if cycles is None else CycleReport(**cycles),
        )


def hits_of(case: Case, record: Record) -> tuple[tuple[str, str, int], ...]:
    """Return the bins that a test has met, as `TestResult` keeps them."""
    hits = control_hits(case.network, record)
    return tuple((group, name, count) for (group, name), count in sorted(hits.items()))
