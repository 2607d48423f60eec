"""How a block whose time depends on data is paced: its ``hold`` stops the network's entry.

Where nothing but a chain follows, everything behind the entry is as far apart as in the best case,
or further.
"""

from collections.abc import Sequence
from itertools import pairwise

from hw.errors import ChronogateError
from hw.network.arrivals import Arrivals
from hw.network.stage import Stage
from hw.timing import Extra


def hold_pace(stage: Stage, extra: Extra, met: Arrivals) -> int:
    """Return the step pace at which ``hold`` comes before the beat that it has to keep back.

    Raises
    ------
    ChronogateError
        When beats of the stage do not follow beats of the entry one by one.
    """
    term = met[0]
    follows = all(late > early for early, late in pairwise(term.step))
    if len(met) > 1 or not follows or len(set(term.delay)) > 1:
        raise ChronogateError(
            f"the time of {stage.name} depends on its data, so each of its beats must follow a "
            f"beat of the input, which those of {', '.join(stage.sources)} do not: use the plain "
            "layer, or put it where it gets one beat for each time step"
        )
    return term.delay[0] + extra.lead


def check_chain(stages: Sequence[Stage], inputs: int, outputs: int, gated: bool) -> None:
    """Refuse networks in which something runs beside a block whose time depends on data.

    Parameters
    ----------
    stages
        Of the network.
    inputs, outputs
        Their numbers.
    gated
        Whether a forecast waits for the end of its window.

    Raises
    ------
    ChronogateError
        When streams meet, there are several, or forecasts have several beats.
    """
    name = next((stage.name for stage in stages if stage.timing.extra is not None), None)
    if name is None:
        return
    joined = next((stage.name for stage in stages if len(stage.inputs) > 1), None)
    if joined is not None or inputs > 1 or outputs > 1:
        where = "" if joined is None else f" as in {joined}"
        raise ChronogateError(
            f"the time of {name} depends on its data, so no streams can run beside each other in "
            f"its network{where}: use the plain layer, or a chain of layers"
        )
    if gated:
        raise ChronogateError(
            f"the time of {name} depends on its data, so a forecast must be one beat at the end "
            "of its window: let the last layer give its last step only, or put a Flatten behind "
            "it, or use the streaming mode"
        )
