"""What runs are sent to count cycles, and what is noted of them."""

from dataclasses import dataclass

import numpy as np

from hw.errors import ChronogateError


@dataclass(frozen=True)
class Stimulus:
    """What is sent after a reset, without gaps or stalls.

    Parameters
    ----------
    arrays
        Codes of every input.
    order
        The row that each beat belongs to, or ``None`` for the order of `sim.beats.arrange`.
    """

    arrays: tuple[np.ndarray, ...]
    order: np.ndarray | None = None


@dataclass(frozen=True)
class Counted:
    """Cycles of the handshakes of a run that began with a reset; of the best case (`counted`).

    Parameters
    ----------
    input_beats
        Of the leading input.
    beats
        Of each output.
    """

    input_beats: np.ndarray
    beats: tuple[np.ndarray, ...]


def constant(cycles: np.ndarray, name: str) -> int:
    """Return the one value in `cycles`.

    Raises
    ------
    ChronogateError
        When there are several.
    """
    found = np.unique(cycles)
    if len(found) != 1:
        raise ChronogateError(
            f"the {name} is not the same for every window: {found.tolist()} "
            "cycles; this is a bug in the hardware, please report it"
        )
    return int(found[0])
