"""All properties, in the order of the table."""

from importlib import import_module

from sim.formal.property import Property

SUBJECTS = (
    "stream",
    "order",
    "queues",
    "axi_lite",
    "reset",
    "contract",
    "resize",
    "staircase",
    "sums",
)
"""Modules of `sim.formal.rules`."""


def properties(subject: str) -> tuple[Property, ...]:
    """Return the properties of one subject, as the modules imported now have them."""
    found = vars(import_module(f"sim.formal.rules.{subject}"))["PROPERTIES"]
    assert isinstance(found, tuple)
    return found
