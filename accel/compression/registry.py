"""The compression methods: every file of `accel.compression.methods` is one."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from accel.compression import methods
from accel.compression.method import Method
from accel.plugins import classes_of

METHODS: dict[str, type[Method]] = classes_of(methods, "METHOD")
"""Classes of settings by the name of their file, which is the method's."""

if TYPE_CHECKING:
    AnyMethod = Method
else:
    # Union[...]: `|` cannot join what is only known when the files have been read.
    AnyMethod = Annotated[Union[tuple(METHODS.values())], Field(discriminator="method")]  # noqa: UP007
