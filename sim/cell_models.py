"""Models of the cells that synthesis maps to, for each family of FPGAs."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from hw.errors import ChronogateError

_OWN = Path(__file__).parent / "cells"


@dataclass(frozen=True)
class CellModels:
    """Where the Verilog models of a family's cells are.

    Parameters
    ----------
    family
        Yosys's name of the family, and of the folder with its models.
    own
        File in ``sim/cells`` with models of the cells that Yosys has only black boxes of.
    """

    family: str
    own: str

    @property
    def folder(self) -> Path:
        """Folder with Yosys's models.

        Raises
        ------
        ChronogateError
            When Yosys is missing.
        """
        # The package is only located, not imported: importing it loads all of Yosys.
        package = importlib.util.find_spec("pyosys")
        if package is None or package.origin is None:
            raise ChronogateError(
                "Yosys is missing, whose cell models the netlist simulation needs: "
                "install it with `pip install pyosys`"
            )
        return Path(package.origin).parent / "share" / self.family

    @property
    def files(self) -> tuple[Path, ...]:
        """The models, own ones first: of two models of a cell the first one counts."""
        return _OWN / self.own, self.folder / "cells_sim.v"


ECP5_CELLS = CellModels("ecp5", "ecp5.v")
ICE40_CELLS = CellModels("ice40", "ice40.v")
GOWIN_CELLS = CellModels("gowin", "gowin.v")
