"""The code in README and docs, as the tests run it."""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LONG = {
    "boards.md python 1": "builds the simulated board, about 10 s",
    "boards.md python 2": "the same",
    "hls.md python 1": "compiles an HLS project, about 5 s",
    "adding.md": "trains, converts and compiles in a copy of the project, about 25 s",
}
"""What `make snippets` runs and `make test` leaves out, and why."""

SKIP_LONG = "CHRONOGATE_SNIPPETS" not in os.environ

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```(\w*)$")
_FILE = re.compile(r"^`([\w./-]+)`:$")


@dataclass(frozen=True)
class Snippet:
    """A block of code.

    Parameters
    ----------
    document
        File name.
    number
        Its place among the document's blocks of the same language, from 1 on.
    line
        Of its first line.
    language
        What stands behind the fence; empty for an indented block.
    text
        The code.
    file
        The file that the line above says it is; empty without.
    """

    document: str
    number: int
    line: int
    language: str
    text: str
    file: str = ""

    @property
    def name(self) -> str:
        """Document, language and number."""
        return f"{self.document} {self.language} {self.number}"


def snippets(document: Path) -> tuple[Snippet, ...]:
    """Return the blocks of a document, in order."""
    found: list[Snippet] = []

    def add(line: int, language: str, lines: list[str], file: str) -> None:
        number = 1 + sum(each.language == language for each in found)
        text = "\n".join(lines) + "\n"
        found.append(Snippet(document.name, number, line, language, text, file))

    lines = document.read_text(encoding="utf-8").splitlines()
    place, file = 0, ""
    while place < len(lines):
        first = place
        if fence := _FENCE.match(lines[place]):
            place = lines.index("```", place + 1)
            add(first + 2, fence[1], lines[first + 1 : place], file)
            place += 1
        elif lines[place].startswith("    ") and not lines[max(place - 1, 0)].strip():
            while place < len(lines) and (lines[place].startswith("    ") or not lines[place]):
                place += 1
            add(first + 1, "", [line[4:] for line in lines[first:place]], "")
        else:
            place += 1
        if lines[first].strip():
            named = _FILE.match(lines[first])
            file = named[1] if named else ""
    return tuple(found)


def commands(document: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line and words of each command in a document's blocks of shell."""
    for snippet in snippets(document):
        if snippet.language not in ("", "sh"):
            continue
        joined = snippet.text.replace("\\\n", "  ")
        for line, text in enumerate(joined.splitlines(), start=snippet.line):
            first = text.split(" ")[0]
            if first in ("accel", "make", "python", "pytest"):
                yield line, shlex.split(text.split("|")[0].split(">")[0], comments=True)
