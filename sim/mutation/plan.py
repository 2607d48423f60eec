"""What a simulator process is to do, on disk between the runner and the simulator's Python."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

PLAN = "plan.json"


@dataclass(frozen=True)
class Plan:
    """What one simulator process does.

    Parameters
    ----------
    mutants
        Their numbers, in order.
    tests
        The shipped tests, in order.
    inputs
        Pins that are brought to zero before each mutant.
    """

    mutants: tuple[int, ...]
    tests: tuple[str, ...]
    inputs: tuple[str, ...]

    def save(self, folder: Path) -> None:
        """Write it beside the case."""
        (folder / PLAN).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Plan":
        """Read it."""
        document = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        return cls(**{name: tuple(values) for name, values in document.items()})
