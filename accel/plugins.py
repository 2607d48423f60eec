"""Folders in which every file is one thing: a family of forecasters, a compression method."""

import pkgutil
from importlib import import_module
from types import ModuleType


def classes_of(package: ModuleType, attribute: str) -> dict[str, type]:
    """Return by the name of each file of `package` the class that it names as `attribute`."""
    return {
        module.name: getattr(import_module(f"{package.__name__}.{module.name}"), attribute)
        for module in pkgutil.iter_modules(package.__path__)
    }
