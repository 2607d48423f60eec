"""Recorders of constraints: XDC, SDC and PDC are Tcl, too."""

from collections.abc import Mapping
from pathlib import Path

from tests.accel.projects.recorder import PortOf, Problem, Recorder, split_options


class Constraints(Recorder):
    """Constraints of a top.

    Parameters
    ----------
    ports
        Ports of the top.
    """

    def __init__(self, ports: Mapping[str, PortOf]) -> None:
        super().__init__()
        self.ports = ports
        self.sites: dict[str, str] = {}
        self.buffers: dict[str, dict[str, str]] = {}
        self.periods: dict[str, float] = {}
        for name, handler in {
            "get_ports": self._get_ports,
            "create_clock": self._create_clock,
            "set_property": self._set_property,
            "set_false_path": lambda *words: split_options(words, {"-from", "-to"}, set()),
            "current_design": lambda: "design",
            "derive_clock_uncertainty": lambda: None,
            "ldc_set_location": self._locate,
            "ldc_set_port": self._buffer,
            "set_location_assignment": self._assign,
            "set_instance_assignment": self._assign_buffer,
        }.items():
            self.command(name, handler)

    def check(self, script: Path, pins: Mapping[str, str], clock: str, period_ns: float) -> None:
        """Run a file, and compare with the board's table."""
        self.source(script)
        if self.sites != dict(pins):
            raise Problem(f"the pins are {self.sites}, not {dict(pins)}")
        self.check_clock(clock, period_ns)
        if missing := [port for port in pins if not self.buffers.get(port)]:
            raise Problem(f"{', '.join(missing)} have no voltage")

    def check_clock(self, clock: str, period_ns: float) -> None:
        """Compare the clock, and demand that every port is at a pin."""
        if list(self.periods) != [clock] or abs(self.periods[clock] - period_ns) > 1e-3:
            raise Problem(f"the clocks are {self.periods}, not {clock} of {period_ns} ns")
        if self.sites and (free := sorted(set(self.ports) - set(self.sites))):
            raise Problem(f"{', '.join(free)} have no pin")

    def _get_ports(self, text: str) -> str:
        for name in self.words(text):
            self._port(name)
        return text

    def _port(self, name: str) -> str:
        if name not in self.ports:
            raise Problem(f"the top has no port {name}")
        return name

    def _create_clock(self, *words: str) -> None:
        options, (port,) = split_options(words, {"-name", "-period"}, set())
        self.periods[port] = float(options["-period"])

    def _place(self, port: str, site: str) -> None:
        if site in self.sites.values():
            raise Problem(f"two ports at {site}")
        self.sites[self._port(port)] = site

    def _set_property(self, name: str, value: str, target: str) -> None:
        if name == "PACKAGE_PIN":
            self._place(target, value)
        else:
            self.buffers.setdefault(target, {})[name] = value

    def _locate(self, option: str, site: str, port: str) -> None:
        self._place(port, site)

    def _buffer(self, option: str, settings: str, port: str) -> None:
        self.buffers[port] = dict(s.split("=") for s in self.words(settings))

    def _assign(self, pin: str, to: str, port: str) -> None:
        self._place(port, pin.removeprefix("PIN_"))

    def _assign_buffer(self, *words: str) -> None:
        options, (value,) = split_options(words, {"-name", "-to"}, set())
        self.buffers.setdefault(self._port(options["-to"]), {})[options["-name"]] = value
