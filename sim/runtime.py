"""Verilator's own C++, the same for every design: compiled once for each user and release.

It takes longer to compile than a small design; the in-process model and the cocotb testbench each
keep the objects they were built with.
"""

import os
import shutil
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from sim.kept_file import is_whole, keep_file
from sim.toolchain import Toolchain

DAY = 24 * 3600
"""Seconds: longer than Verilator takes for any design."""


def cache_folder(toolchain: Toolchain, *options: str) -> Path:
    """Return the folder of the objects that `options` give; made when missing.

    Parameters
    ----------
    toolchain
        Another release of Verilator or of the compiler gets another folder.
    options
        What else changes the objects: compiler options, tracing.
    """
    compiler = shutil.which(toolchain.compiler)
    age = os.stat(compiler).st_mtime_ns if compiler is not None else 0
    parts = (str(toolchain.root), toolchain.version, toolchain.compiler, str(age), *options)
    name = f"verilator_{sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(home) / "chronogate" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        # A home that cannot be written, as in some containers.
        folder = Path(tempfile.gettempdir()) / f"chronogate_{os.getuid()}" / name
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def lend(cache: Path, build: Path) -> None:
    """Copy the objects into a build folder, where make takes them for new.

    Verilator's make file is among what they are made from, and it is yet to be written.
    """
    build.mkdir(parents=True, exist_ok=True)
    tomorrow = time.time() + DAY
    for file in cache.glob("verilated*.o"):
        if is_whole(file) and not (build / file.name).exists():
            shutil.copyfile(file, build / file.name)
            os.utime(build / file.name, (tomorrow, tomorrow))


def keep(cache: Path, build: Path) -> None:
    """Copy the objects of a finished build into the cache, each whole or not at all."""
    for file in build.glob("verilated*.o"):
        if not is_whole(cache / file.name):
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                copy = shutil.copyfile(file, Path(scratch) / file.name)
                keep_file(copy, cache / file.name)
