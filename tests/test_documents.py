"""What README and docs show is there: commands parse, code runs, figures follow."""

import importlib.util
import re
from typing import Any

import numpy as np
import pytest
import typer

from accel.cli import app
from hw import Activation, Dense, FixedPoint, Function, Overflow, Quantizer, Rounding
from tests.snippets import DOCUMENTS, ROOT, Snippet, commands, snippets

COMMANDS = [
    pytest.param(words, id=f"{document.name}:{line}")
    for document in DOCUMENTS
    for line, words in commands(document)
]
KNOWN: dict[str, Any] = vars(typer.main.get_command(app))["commands"]
_TARGET = re.compile(r"^([a-z][\w-]*):", re.MULTILINE)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_of_the_documents_is_one(words: list[str]) -> None:
    """Every command has its options and targets; what long ones do, other targets run."""
    program, *arguments = words
    if program == "accel":
        name, *rest = arguments
        # Raises where an option or an argument is none of the command's.
        KNOWN[name].make_context(name, rest)
    elif program == "make":
        targets = _TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
        wanted = [w for w in arguments if "=" not in w and not w.startswith("-")]
        assert set(wanted) <= set(targets) or arguments[0] == "-C"
    elif program == "pytest":
        assert all((ROOT / place).exists() for place in arguments if "/" in place)
    elif arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]) is not None
    else:
        assert (ROOT / arguments[0]).exists()


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 60
    assert {each.values[0][0] for each in COMMANDS} >= {"accel", "make", "python"}


def _snippet(document: str, number: int) -> Snippet:
    [path] = [path for path in DOCUMENTS if path.name == document]
    python = [each for each in snippets(path) if each.language == "python"]
    return python[number - 1]


def test_the_arithmetic_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(_snippet("arithmetic.md", 1).text, "arithmetic.md", "exec"), {})
    printed = capsys.readouterr().out.strip()
    assert f"print(dense.output)  # {printed}" in _snippet("arithmetic.md", 1).text


def test_the_table_of_the_arithmetic_is_the_golden_models() -> None:
    """Each row of the page's table, computed again."""
    page = (ROOT / "docs" / "arithmetic.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (-?\d+) \| (-?[\d.]+) \| (-?\d+) \| (-?[\d.]+) \|$", page, re.MULTILINE)
    assert len(rows) == 5
    output = FixedPoint(4, 2, rounding=Rounding.RND_CONV, overflow=Overflow.SAT)
    source = FixedPoint(9, 4)
    quantizer = Activation(1, source, Quantizer(Function.LINEAR, output))
    for total, share, code, number in rows:
        found = int(quantizer.reference(np.array([[int(total)]]))[0, 0])
        assert (int(total) / 8, found, found / 4) == (float(share), int(code), float(number))


def test_the_bounds_of_the_arithmetic_are_the_layers() -> None:
    """The largest and the smallest sum, by the extreme inputs themselves."""
    quarters, eighths = FixedPoint(4, 2), FixedPoint(4, 1)
    kernel, bias = np.array([[4, -2], [3, 6], [-1, 4]]), np.array([2, -4])
    dense = Dense(kernel, bias, quarters, eighths, eighths, reuse=6)
    every = np.stack(np.meshgrid(*[np.arange(-8, 8)] * 3), axis=-1).reshape(-1, 3)
    sums = dense.reference(every)
    page = (ROOT / "docs" / "arithmetic.md").read_text(encoding="utf-8")
    assert f"from {sums.min()} to {sums.max()}" in page
    assert dense.output.minimum <= sums.min()
    assert sums.max() <= dense.output.maximum
    assert FixedPoint(dense.output.width - 1, dense.output.integer - 1).maximum < sums.max()
