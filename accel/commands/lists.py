"""``accel boards`` and ``accel datasets``: what there is."""

from accel.commands.console import console, print_json
from accel.commands.options import JsonOption


def boards(json: JsonOption = False) -> None:
    """List the boards that bitstreams, or projects of their vendors' tools, can be made for."""
    from accel.boards import boards as known
    from accel.commands.summary import boards_table
    from accel.projects import project_boards
    from accel.projects.table import describe, projects_table

    if json:
        print_json([*known(), *map(describe, project_boards())])
    else:
        console().print(boards_table(known()))
        console().print(projects_table(project_boards()))


def datasets(json: JsonOption = False) -> None:
    """List the data sets that a configuration can name."""
    from accel.commands.summary import datasets_table
    from accel.datasets.registry import datasets as known

    if json:
        print_json(list(known()))
    else:
        console().print(datasets_table(known()))
