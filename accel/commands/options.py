"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

RUNS = Path("runs")
"""Where runs go unless --run names a folder."""

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
RunOption = Annotated[
    Path | None, typer.Option("--run", metavar="RUN", help="Folder of the run; default runs/NAME.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON, and no progress.")
]
