"""Whether the files of a hand-off fit together."""

import json
import re

from accel.projects.board import Files

# Of LibreLane 3.0.17; the flow refuses unknown ones.
VARIABLES = frozenset(
    {
        *("meta", "DESIGN_NAME", "VERILOG_FILES", "CLOCK_PORT", "CLOCK_PERIOD", "PDK"),
        *("PNR_SDC_FILE", "SIGNOFF_SDC_FILE", "IO_PIN_ORDER_CFG", "ERRORS_ON_UNMATCHED_IO"),
        *("SYNTH_STRATEGY", "STD_CELL_LIBRARY", "FP_SIZING", "FP_CORE_UTIL", "DIE_AREA"),
    }
)


class HandOffError(ValueError):
    """The files do not fit together; a bug of ours."""


def check_hand_off(files: Files) -> None:
    """Check that all files exist, variables are known, the clock and all pins are the top's.

    Raises
    ------
    HandOffError
        When they are not.
    """
    config = json.loads(files["config.json"])
    if unknown := sorted(set(config) - VARIABLES):
        raise HandOffError(f"LibreLane has no variable {', '.join(unknown)}")
    paths = [*config["VERILOG_FILES"], config["PNR_SDC_FILE"], config["SIGNOFF_SDC_FILE"]]
    for path in (*paths, config["IO_PIN_ORDER_CFG"]):
        if path.removeprefix("dir::") not in files:
            raise HandOffError(f"there is no file {path}")
    ports = top_ports(files, config["DESIGN_NAME"], config["VERILOG_FILES"])
    if config["CLOCK_PORT"] not in ports:
        raise HandOffError(f"{config['DESIGN_NAME']} has no port {config['CLOCK_PORT']}")
    _check_clock(files["design.sdc"], config["CLOCK_PORT"], config["CLOCK_PERIOD"])
    _check_pins(files["pin_order.cfg"], ports)


def top_ports(files: Files, top: str, sources: list[str]) -> dict[str, int]:
    """Return the ports of the top and their widths.

    Raises
    ------
    HandOffError
        When no source, or more than one, has the module.
    """
    texts = (files[path.removeprefix("dir::")] for path in sources)
    found = [
        m[0] for t in texts for m in re.finditer(rf"^module {top}\b.*?^endmodule", t, re.M | re.S)
    ]
    if len(found) != 1:
        raise HandOffError(f"{len(found)} sources have the module {top}")
    # Functions have inputs, too: ports are those that the head of the module names.
    head = set(re.findall(r"\w+", found[0][: found[0].index(");")]))
    pattern = r"^\s*(?:input|output)\s+(?:wire\s+)?(?:\[(\d+):0\]\s*)?(\w+)\s*[;,]?\s*$"
    declared = re.finditer(pattern, found[0], re.M)
    return {m[2]: int(m[1] or 0) + 1 for m in declared if m[2] in head}


def _check_clock(sdc: str, port: str, period: float) -> None:
    found = re.search(r"create_clock .*-period ([\d.]+) \[get_ports (\w+)\]", sdc)
    if found is None or found[2] != port or abs(float(found[1]) - period) > 1e-3:
        raise HandOffError(f"design.sdc has another clock than {port} of {period} ns")


def _check_pins(order: str, ports: dict[str, int]) -> None:
    patterns = [line for line in order.splitlines() if line and line[0] not in "#@"]
    pins = [n if w == 1 else f"{n}[{k}]" for n, w in ports.items() for k in range(w)]
    for pin in pins:
        hits = [pattern for pattern in patterns if re.fullmatch(pattern, pin)]
        if len(hits) != 1:
            raise HandOffError(f"the pin {pin} has {len(hits)} places")
    for pattern in patterns:
        if not any(re.fullmatch(pattern, pin) for pin in pins):
            raise HandOffError(f"no pin is {pattern}")
