"""The front as a table for the terminal."""

import json

from rich.table import Table

from accel.report.text import number, whole
from accel.search.front import Front


def front_table(front: Front) -> Table:
    """Return the points that no other one beats, the smallest error first."""
    keys = list(dict.fromkeys(key for found in front.points for key in found.values))
    others = [name for name in front.minimize if name != "error"]
    table = Table("trial", "error", *(name.replace("_", " ") for name in others), *keys)
    table.title = f"{front.name}: the front of {front.trials} trials"
    table.title_justify = "left"
    for column in table.columns:
        column.justify = "right"
    for found in front.points:
        costs = (whole(round(found.point.measure(name))) for name in others)
        values = (_shown(found.values.get(key)) for key in keys)
        table.add_row(str(found.number), number(found.point.error), *costs, *values)
    done = len(front.points) + len(front.others)
    table.caption = f"{done} finished, {front.pruned} given up, {front.failed} failed"
    return table


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else json.dumps(value)
