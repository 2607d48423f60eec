"""A plain table on standard output, which is also Markdown."""

from collections.abc import Sequence


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print `rows` under `header`, every column as wide as its widest cell."""
    texts = [[_text(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(header))]
    lines = [
        "| " + " | ".join(t.ljust(w) for t, w in zip(r, widths, strict=True)) + " |" for r in texts
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print("\n".join(lines))


def _text(cell: object) -> str:
    if cell is None:  # not measured
        return "-"
    return f"{cell:,.1f}" if isinstance(cell, float) else str(cell)
