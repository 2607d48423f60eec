"""Errors that belong to a kind of data: as prices, and of intermittent demand."""

from accel.report.schema import Accuracy
from accel.report.text import number


def case_lines(accuracy: Accuracy) -> tuple[tuple[str, str], ...]:
    """Return what to say, as name and text; nothing for other data."""
    lines: list[tuple[str, str]] = []
    prices, demand = accuracy.prices, accuracy.demand
    if prices is not None:
        verdict = "" if prices.significant else "; it may be chance"
        interval = f"95 %: {prices.low:+.2%} to {prices.high:+.2%}{verdict}"
        lines.append(("gain on the last price", f"{prices.gain:+.2%} ({interval})"))
        errors = f"{number(prices.model)}, last price {number(prices.last_price)}"
        lines.append(("squared per cent of the last price", errors))
    if demand is not None:
        others = (
            ("zero", demand.zero), ("Croston", demand.croston), ("ridge", demand.ridge),
            ("seasonal naive", demand.seasonal_naive), ("last value", demand.last_value),
        )  # fmt: skip
        beside = ", ".join(f"{name} {number(error)}" for name, error in others)
        lines.append(("mean absolute scaled error", f"{number(demand.model)} ({beside})"))
    return tuple(lines)
