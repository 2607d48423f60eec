"""What a vendor's HLS tool wrote about an HLS project: estimates and cosimulation.

Reads the files of Vivado HLS and Vitis HLS, seen from version 2018.2 to 2023.1:
``PROJECT/SOLUTION/syn/report/TOP_csynth.xml``, one such file for each function, and
``PROJECT/SOLUTION/sim/report/TOP_cosim.rpt``. hls4ml's own reader
(``hls4ml.report.parse_vivado_report``) knows the top function only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from accel.report.schema import HlsCosimulation, HlsLatency, HlsLayer
from hw.errors import ChronogateError

SUFFIX = "_csynth.xml"
LARGEST = 64 << 20
"""Bytes; the largest reports have a few megabytes."""


@dataclass(frozen=True)
class _Function:
    """The estimate of one function of the C++ source."""

    name: str
    root: ElementTree.Element

    def text(self, path: str) -> str:
        return (self.root.findtext(path) or "").strip()

    def count(self, path: str) -> int | None:
        """Return a number; None where the tool wrote ``undef``, ``-``, ``?`` or nothing."""
        text = self.text(path)
        return int(text) if text.isdecimal() else None

    @property
    def latency(self) -> int | None:
        return self.count("PerformanceEstimates/SummaryOfOverallLatency/Worst-caseLatency")

    @property
    def interval(self) -> int | None:
        return self.count("PerformanceEstimates/SummaryOfOverallLatency/Interval-max")

    def period(self, path: str) -> float:
        try:
            return float(self.text(path))
        except ValueError:
            return float("nan")

    def resource(self, *names: str) -> int | None:
        found = (self.count(f"AreaEstimates/Resources/{name}") for name in names)
        return next((count for count in found if count is not None), None)


def read_hls_latency(project: Path) -> HlsLatency | None:
    """Return what the vendor's tool reports about the HLS project in the folder `project`.

    Of several solutions the one that was synthesized last counts.

    Returns
    -------
    HlsLatency or None
        None when the project was not synthesized.

    Raises
    ------
    ChronogateError
        When a report is no report of such a tool, or is cut off.
    """
    tops = [path for folder in project.glob("**/syn/report") for path in _top(folder, project)]
    if not tops:
        return None
    newest = max(tops, key=lambda path: path.stat().st_mtime_ns)
    top = _read(newest)
    cosimulation = newest.parents[2] / "sim" / "report" / f"{top.name}_cosim.rpt"
    return HlsLatency(
        tool=top.text("ReportVersion/Version"),
        part=top.text("UserAssignments/Part"),
        clock_ns=top.period("UserAssignments/TargetClockPeriod"),
        estimated_clock_ns=top.period(
            "PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod"
        ),
        latency_cycles=top.latency,
        interval_cycles=top.interval,
        lut=top.resource("LUT"),
        ff=top.resource("FF"),
        dsp=top.resource("DSP", "DSP48E"),  # Vitis HLS, Vivado HLS
        bram=top.resource("BRAM_18K"),
        layers=_layers(newest.parent, top.name, _layer_names(project)),
        cosimulation=read_cosimulation(cosimulation) if cosimulation.exists() else None,
    )


def read_cosimulation(path: Path) -> HlsCosimulation | None:
    """Return the row of the language that was simulated; None when every row says NA."""
    for line in _text(path).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) >= 8 and cells[0] in ("VHDL", "Verilog") and cells[1] != "NA":
            # RTL, status, latency min, avg, max, interval min, avg, max, in newer ones the total
            return HlsCosimulation(cells[0], cells[1], _number(cells[4]), _number(cells[7]))
    return None


def _top(folder: Path, project: Path) -> list[Path]:
    """Return the report of the top function, if it is there.

    The tool writes it a second time as ``csynth.xml``, which thus has the top function's name; so
    has hls4ml's script.
    """
    summary, script = folder / SUFFIX[1:], project / "project.tcl"
    name = ""
    if summary.exists():
        name = _read(summary).text("UserAssignments/TopModelName")
    elif script.exists():
        found = re.search(r'set project_name "(\w+)"', _text(script))
        name = found[1] if found else ""
    report = folder / f"{name}{SUFFIX}"
    return [report] if name and report.exists() else []


def _layers(folder: Path, top: str, names: dict[str, str]) -> tuple[HlsLayer, ...]:
    """Return one entry for each layer: of its functions the slowest, which calls the others."""
    slowest: dict[str, _Function] = {}
    for function in _functions(folder, top):
        layer = _layer_of(function.name, names)
        known = slowest.get(layer)
        if known is None or (function.latency or 0) > (known.latency or 0):
            slowest[layer] = function
    # In the order of the source; functions of no layer behind, by name.
    order = [*dict.fromkeys(names.values()), *sorted(slowest)]
    return tuple(
        HlsLayer(layer, slowest[layer].latency, slowest[layer].interval)
        for layer in dict.fromkeys(order)
        if layer in slowest
    )


def _functions(folder: Path, top: str) -> Iterator[_Function]:
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if path.name not in (SUFFIX[1:], f"{top}{SUFFIX}"):
            yield _read(path)


def _layer_names(project: Path) -> dict[str, str]:
    """Return the layer that each configuration in hls4ml's ``parameters.h`` belongs to.

    The file names a layer in a comment, and below it come the structs that configure it.
    """
    names: dict[str, str] = {}
    path = project / "firmware" / "parameters.h"
    layer = ""
    for line in _text(path).splitlines() if path.exists() else []:
        comment = re.match(r"// ([\w.-]+)$", line)
        struct = re.match(r"struct (\w*config\w*)", line)
        if comment:
            layer = comment[1]
        elif struct and layer:
            names[struct[1]] = layer
    return names


def _layer_of(function: str, names: dict[str, str]) -> str:
    """Return the layer whose configuration is a template argument in the name of `function`."""
    found = [config for config in names if re.search(rf"(^|_){config}(_|$)", function)]
    return names[max(found, key=len)] if found else function


def _read(path: Path) -> _Function:
    try:
        root = ElementTree.fromstring(_text(path))
    except ElementTree.ParseError as error:
        raise ChronogateError(
            f"{path} is no whole report of an HLS tool ({error}): run the synthesis again, or "
            "remove the file"
        ) from None
    return _Function(path.name.removesuffix(SUFFIX), root)


def _text(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise ChronogateError(
            f"{path} has more than {LARGEST >> 20} MB: this is no report of an HLS tool, remove it"
        )
    return path.read_text(encoding="utf-8", errors="replace")


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
