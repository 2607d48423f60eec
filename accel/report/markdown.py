"""The comparison as Markdown, for pull requests: the best of each row in bold."""

from collections.abc import Iterator, Sequence

from accel.report.compare import Cell, Group


def render_markdown(names: Sequence[str], groups: Sequence[Group]) -> str:
    """Return one table for each group of rows, as GitHub shows them."""
    return "\n".join(line for group in groups for line in (*_table(names, group), ""))


def _table(names: Sequence[str], group: Group) -> Iterator[str]:
    yield _row(f"**{group.title}**", *map(_escaped, names))
    yield _row("---", *("---:" for _ in names))
    for row in group.rows:
        yield _row(_escaped(row.name), *map(_cell, row.cells))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    text = _escaped(cell.text)
    return f"**{text}**" if cell.best else text


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
