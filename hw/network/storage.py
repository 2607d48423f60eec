"""Designs on disk and their fingerprints, whatever they are made of."""

from pathlib import Path

from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.network.gated_serialization import FILE, gated_fingerprint, load_gated, save_gated
from hw.network.serialization import fingerprint, load_network, save_network


def save_design(design: Design, folder: Path) -> None:
    """Write a design into `folder`, which is made if missing."""
    if isinstance(design, GatedNetwork):
        save_gated(design, folder)
    else:
        save_network(design, folder)


def load_design(folder: Path) -> Design:
    """Read a design; two networks behind a gate are known by the gate's file.

    Raises
    ------
    ChronogateError
        When a file is missing or damaged.
    """
    return load_gated(folder) if (folder / FILE).exists() else load_network(folder)


def design_fingerprint(design: Design) -> str:
    """Return the SHA-256 of a serialized design, hexadecimal."""
    return gated_fingerprint(design) if isinstance(design, GatedNetwork) else fingerprint(design)
