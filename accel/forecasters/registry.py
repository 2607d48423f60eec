"""The families of forecasters: every file of `accel.forecasters.families` is one."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from accel.forecasters import families
from accel.forecasters.family import Family
from accel.plugins import classes_of

FAMILIES: dict[str, type[Family]] = classes_of(families, "FAMILY")
"""Classes of settings by the name of their file, which is the family's."""

if TYPE_CHECKING:
    AnyModel = Family
else:
    # By name, so that what is wrong in a table is told of that family only. Union[...]: `|` cannot
    # join what is only known when the files have been read.
    AnyModel = Annotated[Union[tuple(FAMILIES.values())], Field(discriminator="family")]  # noqa: UP007
