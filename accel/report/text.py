"""How figures are written, the same in the page and in the terminal."""

MISSING = "–"


def whole(value: int | None) -> str:
    """Write a count."""
    return MISSING if value is None else f"{value:,}"


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with `digits` decimals."""
    return MISSING if value is None else f"{value:,.{digits}f}"


def percent(value: float | None) -> str:
    """Write a share of one."""
    return MISSING if value is None else f"{100 * value:.1f} %"


def duration(nanoseconds: float | None) -> tuple[str, str]:
    """Return value and unit of a time."""
    if nanoseconds is None:
        return MISSING, ""
    if nanoseconds >= 1e6:
        return f"{nanoseconds / 1e6:,.2f}", "ms"
    if nanoseconds >= 1e3:
        return f"{nanoseconds / 1e3:,.2f}", "µs"
    return f"{nanoseconds:,.0f}", "ns"


def step_length(seconds: float) -> str:
    """Write a sampling step, such as ``1 h``; empty when unknown."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s" if seconds else ""
