"""``python -m tests.refusals_page``: docs/refusals.md, every refusal, read from the code.

A refusal is a `ChronogateError`. Its sentence is found where it is written, in the syntax tree, so
that the page holds all of them, also those that no test provokes.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "refusals.md"

SECTIONS = {
    "Conversion of a model": ("accel/conversion",),
    "Models and inputs of the hardware": ("hw",),
    "The flow around them": ("accel", "sim"),
}
"""Folders by heading; a file belongs to the first that holds it."""

REFUSALS = "ChronogateError", "ToolFailed"
"""Ends of the names of what is raised."""

OPEN = "…"
"""Stands for what the code fills in."""


@dataclass(frozen=True)
class Refusal:
    """One sentence.

    Parameters
    ----------
    file, line
        Where it is written; the file relative to the root.
    text
        The sentence, `OPEN` in the place of what varies.
    """

    file: str
    line: int
    text: str


def find_refusals() -> list[Refusal]:
    """Return all sentences of the three packages, by file and line."""
    found: list[Refusal] = []
    for package in ("accel", "hw", "sim"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            name = path.relative_to(ROOT).as_posix()
            found += [Refusal(name, line, text) for line, text in _sentences(tree)]
    return found


def _sentences(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            text = _called(node)
            if text is not None:
                yield node.lineno, text
        elif isinstance(node, ast.FunctionDef) and node.name.endswith("reason"):
            # Why there is no HLS project: a sentence of its own, which `convert` prints.
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    text = _text(inner.value)
                    if text.count(" ") > 3:
                        yield inner.lineno, text


def _called(call: ast.Call) -> str | None:
    """Return the sentence of a call that makes a refusal, ``None`` for any other call."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call.func, ast.Name) else name
    if name.endswith(REFUSALS) and len(call.args) == 1:
        text = _text(call.args[0])
        return text if text.strip(f"{OPEN}': ") else None
    if name == "refuse" and len(call.args) in (2, 3):
        *_, problem, remedy = map(_text, call.args)
        # A place names its argument before the problem (`accel.conversion.place`).
        argument = f" {OPEN}" if len(call.args) == 2 else ""
        return f"layer '{OPEN}':{argument} {problem}: {remedy}"
    return None


def _text(node: ast.expr) -> str:
    """Return a string expression with `OPEN` for what is not constant."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=values):
            return "".join(map(_text, values))
        case ast.FormattedValue(conversion=conversion):
            return f"'{OPEN}'" if conversion == ord("r") else OPEN
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left) + _text(right)
    return OPEN


def page() -> str:
    """Return the page."""
    refusals = find_refusals()
    lines = [
        "# What is refused",
        "",
        "Written by `make refusals` from the code: every sentence with which Chronogate refuses",
        "something. Each names the layer or the thing, the cause and what to do instead;",
        f"{OPEN} stands for names and figures. [coverage.md](coverage.md) shows those of the",
        "conversion as users see them.",
    ]
    left = {(refusal.file, refusal.text): refusal for refusal in reversed(refusals)}
    left = dict(reversed(left.items()))
    for heading, folders in SECTIONS.items():
        lines += ["", f"## {heading}"]
        mine = [r for r in left.values() if r.file.startswith(tuple(f"{f}/" for f in folders))]
        left = {key: value for key, value in left.items() if value not in mine}
        for file in dict.fromkeys(refusal.file for refusal in mine):
            lines += ["", f"`{file}`", ""]
            lines += [f"- {_escaped(r.text)}" for r in mine if r.file == file]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("<", "\\<").replace("*", "\\*").replace("_", "\\_")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{len(find_refusals())} refusals in {PAGE.relative_to(ROOT)}")
