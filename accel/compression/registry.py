"""The compression methods: every file of `accel.compression.methods` is one."""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from accel.compression import methods
from accel.compression.method import Method


def _found() -> dict[str, type[Method]]:
    found: dict[str, type[Method]] = {}
    for module in pkgutil.iter_modules(methods.__path__):
        found[module.name] = import_module(f"{methods.__name__}.{module.name}").METHOD
    return found


METHODS = _found()
"""Classes of settings by the name of their file, which is the method's."""

if TYPE_CHECKING:
    AnyMethod = Method
else:
    AnyMethod = Annotated[Union[tuple(METHODS.values())], Field(discriminator="method")]  # noqa: UP007
