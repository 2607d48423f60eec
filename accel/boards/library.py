"""What the package amaranth-boards knows of a board: oscillator, pins, buffers."""

from collections.abc import Sequence
from typing import Protocol

from amaranth.build import Attrs, Clock, Pins, Resource, Subsignal

from accel.boards.board import Pin
from hw.board.top import TOP_PORTS


class Platform(Protocol):
    """The members of a platform class that are read."""

    default_clk: str
    resources: Sequence[Resource]


def oscillator_mhz(platform: type[Platform]) -> float:
    """Return the clock at the pin of the default clock."""
    clock = _resource(platform, platform.default_clk, 0).clock
    assert isinstance(clock, Clock)
    return clock.frequency / 1e6


def board_pins(
    platform: type[Platform],
    uart: tuple[str | Pin, str | Pin] = ("uart 0 rx", "uart 0 tx"),
    leds: tuple[str, str] = ("led 0", "led 1"),
) -> tuple[Pin, ...]:
    """Return the pins of `hw.board.top.BoardTop`.

    Parameters
    ----------
    platform
        The board's class.
    uart, leds
        Resources of the ports, as name, number and, where there is one, part; or a pin.
    """
    places = (f"{platform.default_clk} 0", *uart, *leds)
    return tuple(
        place if isinstance(place, Pin) else _pin(platform, port, place)
        for port, place in zip(TOP_PORTS, places, strict=True)
    )


def is_inverted(platform: type[Platform], place: str) -> bool:
    """Tell whether a resource is on when its pin is low."""
    return _pins(platform, place)[0].invert


def _pin(platform: type[Platform], port: str, place: str) -> Pin:
    pins, attributes = _pins(platform, place)
    [site] = pins.names
    return Pin(port, site, tuple((name, str(value)) for name, value in attributes.items()))


def _pins(platform: type[Platform], place: str) -> tuple[Pins, Attrs]:
    name, number, *part = place.split()
    found: Subsignal = _resource(platform, name, int(number))
    attributes = Attrs(**found.attrs)
    for wanted in part:
        [found] = [sub for sub in found.ios if isinstance(sub, Subsignal) and sub.name == wanted]
        attributes.update(found.attrs)
    [pins] = found.ios
    assert isinstance(pins, Pins)
    return pins, attributes


def _resource(platform: type[Platform], name: str, number: int) -> Resource:
    [resource] = [r for r in platform.resources if (r.name, r.number) == (name, number)]
    return resource
