"""Results that are kept: a run that was stopped goes on, and what is unchanged is not redone.

A result belongs to what it depends on: its key is a digest of that.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

_ROOT = Path(__file__).parents[2]


@dataclass
class Kept:
    """A file with one result a line; later ones win.

    Parameters
    ----------
    path
        The file; what it holds already is read, a line that was cut off is not.
    """

    path: Path
    _results: dict[str, dict[str, str | int | None]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._results = {}
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        for line in lines:
            try:
                self._results.update(json.loads(line))
            except ValueError:
                continue

    def get(self, key: str) -> dict[str, str | int | None] | None:
        """Return the result, or ``None``."""
        return self._results.get(key)

    def put(self, key: str, result: dict[str, str | int | None]) -> None:
        """Keep a result."""
        self._results[key] = result
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({key: result}) + "\n")


def digest(*texts: str | bytes) -> str:
    """Return a digest of texts, in order."""
    whole = sha256()
    for text in texts:
        data = text.encode() if isinstance(text, str) else text
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()


def digest_of_sources(patterns: Iterable[str]) -> str:
    """Return a digest of the files of the repository that patterns name."""
    files = sorted({path for pattern in patterns for path in _ROOT.glob(pattern)})
    return digest(*(path.read_bytes() for path in files))
