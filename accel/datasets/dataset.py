"""Dataset: what the project knows of a data set before reading it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One value column of a data set.

    Parameters
    ----------
    name
        Its name in the file.
    unit
        For labels; empty when the column has none.
    description
        What it is, in a few words.
    """

    name: str
    unit: str
    description: str


@dataclass(frozen=True)
class Dataset:
    """A data set that a configuration can name.

    Parameters
    ----------
    name
        What a configuration calls it.
    description, source, licence
        One line each.
    file
        Name of the file in ``accel/data``, or ``None`` when the user must bring it.
    time_column
        Name of the column of time stamps.
    step
        Sampling step, as pandas writes it ("1h"), or "row": each row is a step.
    columns
        The value columns.
    default_targets
        What to forecast unless the user says otherwise.
    """

    name: str
    description: str
    source: str
    licence: str
    file: str | None
    time_column: str
    step: str
    columns: tuple[Column, ...]
    default_targets: tuple[str, ...]

    @property
    def bundled(self) -> bool:
        """Whether it comes with the program."""
        return self.file is not None
