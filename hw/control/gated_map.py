"""The register map of two networks behind a gate."""

from hw.control.map import (
    COUNTERS,
    control_registers,
    identity_registers,
    saturation_names,
)
from hw.control.registers import WORD_BITS, Access, Register, RegisterMap
from hw.network.gated import GatedNetwork
from hw.network.gated_serialization import gated_fingerprint

GATED_COUNTERS = {
    "windows": "windows judged, dropped ones not included",
    "wakes": "windows that woke the large network",
    "awake_cycles": "cycles in which the clock of the large network was enabled",
    "products_skipped": "products of the large network that smooth windows did not cost",
}
"""Counters of 64 bits beside those that every design has."""


def gated_map(gated: GatedNetwork) -> RegisterMap:
    """Return the registers of `gated`: those of every design, the threshold, and what it saved."""
    cheap, large = gated.products
    threshold = (
        "steps between input codes from which on a window wakes the large network; holds from the "
        "next window that begins; 0 always wakes it, numbers beyond every step never do"
    )
    return RegisterMap(
        "chronogate",
        f"Registers of {gated.name}. Counters run without pause; they show what they were at "
        "the latest control.latch.",
        (
            *identity_registers(gated, gated_fingerprint(gated)),
            *control_registers(reloadable=False),
            *_counters(COUNTERS),
            *(
                Register.word(
                    name, Access.READ, f"beats of {node} in which a value was beyond its format"
                )
                for name, node in gated_saturation_names(gated)
            ),
            Register.word(
                "threshold", Access.WRITE, threshold, gated.threshold_bits, gated.threshold
            ),
            _products("cheap", cheap),
            _products("large", large),
            *_counters(GATED_COUNTERS),
        ),
    )


def gated_saturation_names(gated: GatedNetwork) -> list[tuple[str, str]]:
    """Return register and node of every saturation counter of both networks."""
    return [
        (f"{part}_{register}", f"{node} in {network.name}")
        for part, network in (("cheap", gated.cheap), ("large", gated.large))
        for register, node in saturation_names(network)
    ]


def _counters(counters: dict[str, str]) -> list[Register]:
    return [
        Register.word(f"{name}_{half}", Access.READ, f"{meaning}, {bits}")
        for name, meaning in counters.items()
        for half, bits in (("low", "bits 31:0"), ("high", "bits 63:32"))
    ]


def _products(part: str, count: int) -> Register:
    return Register.word(
        f"{part}_products",
        Access.CONSTANT,
        f"products of the {part} network for one window",
        reset=min(count, (1 << WORD_BITS) - 1),
    )
