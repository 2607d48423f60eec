"""What ``--clock`` may say."""

from hw.errors import ChronogateError

FASTEST = "fastest"


def read_clock(text: str | None) -> float | str | None:
    """Return a clock in megahertz, `FASTEST`, or ``None`` for the board's.

    Raises
    ------
    ChronogateError
        When it is none of them.
    """
    if text is None or text == FASTEST:
        return text
    try:
        clock = float(text)
    except ValueError:
        clock = 0.0
    if not 0 < clock < 1e4:
        raise ChronogateError(
            f"--clock takes megahertz or `{FASTEST}`, not {text!r}: write for example --clock 50"
        )
    return clock
