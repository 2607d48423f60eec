"""``accel boards`` and ``accel datasets``: what there is."""

from accel.commands.options import JsonOption
from accel.console import console, print_json


def boards(json: JsonOption = False) -> None:
    """List the boards that bitstreams, or projects of their vendors' tools, can be made for."""
    from accel.boards import boards as known
    from accel.projects import project_boards
    from accel.projects.table import describe, projects_table
    from accel.summary import boards_table

    if json:
        print_json([*known(), *map(describe, project_boards())])
    else:
        console().print(boards_table(known()))
        console().print(projects_table(project_boards()))


def datasets(json: JsonOption = False) -> None:
    """List the data sets that a configuration can name."""
    from accel.datasets.registry import datasets as known
    from accel.summary import datasets_table

    if json:
        print_json(list(known()))
    else:
        console().print(datasets_table(known()))
