"""The families of forecasters: every file of `accel.forecasters.families` is one."""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from accel.forecasters import families
from accel.forecasters.family import Family


def _found() -> dict[str, type[Family]]:
    found: dict[str, type[Family]] = {}
    for module in pkgutil.iter_modules(families.__path__):
        family: type[Family] = import_module(f"{families.__name__}.{module.name}").FAMILY
        found[module.name] = family
    return found


FAMILIES = _found()
"""Classes of settings by the name of their file, which is the family's."""

if TYPE_CHECKING:
    AnyModel = Family
else:
    # By name, so that what is wrong in a table is told of that family only.
    AnyModel = Annotated[Union[tuple(FAMILIES.values())], Field(discriminator="family")]  # noqa: UP007
