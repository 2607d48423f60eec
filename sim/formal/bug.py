"""Seeded bugs: one piece of a shipped file's text replaced, and everything imported anew.

A proof that no bug can break proves nothing. So every property names a change of the shipped
source that must make it fail.
"""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

from hw.errors import ChronogateError

_RELOADED = ("hw", "sim.formal.rules", "sim.mutation")
"""Packages that see the bug: the hardware, and what is built around it."""


@dataclass(frozen=True)
class Bug:
    """A change of one file of the hardware library.

    Parameters
    ----------
    module
        Name of the module, ``hw.…``.
    before
        A piece of its text that occurs exactly once.
    after
        What stands there instead.
    """

    module: str
    before: str
    after: str

    def text(self) -> str:
        """Return the module's text as shipped."""
        return _path(self.module).read_text(encoding="utf-8")

    def apply(self, text: str) -> str:
        """Return `text`, the module's, with the bug.

        Raises
        ------
        ChronogateError
            When `before` does not occur exactly once: the file has changed, and so must the bug.
        """
        if text.count(self.before) != 1:
            raise ChronogateError(
                f"{self.before!r} occurs {text.count(self.before)} times in {self.module}, so the "
                "seeded bug fits no more: name a piece of its present text that occurs once"
            )
        return text.replace(self.before, self.after)


@dataclass(frozen=True)
class _Seeder(MetaPathFinder, Loader):
    """Finds and loads the one module that has the bug."""

    bug: Bug

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.bug.module:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=f"{fullname} with a bug")

    def exec_module(self, module: ModuleType) -> None:
        exec(_code(self.bug), vars(module))


def _path(module: str) -> Path:
    return Path(__file__).parents[2].joinpath(*module.split(".")).with_suffix(".py")


def _code(bug: Bug) -> CodeType:
    return compile(bug.apply(bug.text()), str(_path(bug.module)), "exec")


@contextmanager
def seeded(bug: Bug) -> Iterator[None]:
    """Let imports of the hardware and of the properties give modules with `bug` meanwhile."""
    before = {name: module for name, module in sys.modules.items() if _is_reloaded(name)}
    seeder = _Seeder(bug)
    for name in before:
        del sys.modules[name]
    sys.meta_path.insert(0, seeder)
    try:
        yield
    finally:
        sys.meta_path.remove(seeder)
        for name in [name for name in sys.modules if _is_reloaded(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _is_reloaded(name: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in _RELOADED)
