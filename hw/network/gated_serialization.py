"""``gate.json`` beside the folders ``cheap`` and ``large``: a gated network on disk.

Each folder holds a network as `hw.network.serialization` writes it. The gate's file names the
SHA-256 of all three, so that parts of different designs are not taken together.
"""

import json
from dataclasses import fields
from hashlib import sha256
from pathlib import Path

from hw.errors import ChronogateError
from hw.network.gated import GatedNetwork
from hw.network.serialization import fingerprint, load_network, save_network

VERSION = 1
FILE = "gate.json"
PARTS = ("cheap", "large")
_AGAIN = "write it again"


def gated_fingerprint(gated: GatedNetwork) -> str:
    """Return the SHA-256 of the gate and of both networks, hexadecimal."""
    digest = sha256(json.dumps(_settings(gated)).encode())
    for network in (gated.cheap, gated.large):
        digest.update(fingerprint(network).encode())
    return digest.hexdigest()


def save_gated(gated: GatedNetwork, folder: Path) -> None:
    """Write the gate and both networks into `folder`, which is made if missing."""
    save_network(gated.cheap, folder / "cheap")
    save_network(gated.large, folder / "large")
    document = {"version": VERSION, **_settings(gated), "fingerprint": gated_fingerprint(gated)}
    (folder / FILE).write_text(json.dumps(document, indent=2) + "\n")


def load_gated(folder: Path) -> GatedNetwork:
    """Read a gated network.

    Raises
    ------
    ChronogateError
        When a file is missing or damaged, or the parts do not belong together.
    """
    path = folder / FILE
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        raise ChronogateError(f"{path} is missing: {_AGAIN}") from None
    except (ValueError, OSError) as error:
        raise ChronogateError(f"{path} cannot be read ({error}): {_AGAIN}") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ChronogateError(f"{path} is not of version {VERSION}: {_AGAIN}")
    cheap, large = (load_network(folder / part) for part in PARTS)
    try:
        in_flight = document["in_flight"]
        gated = GatedNetwork(
            str(document["name"]),
            cheap,
            large,
            _integer(document["threshold"]),
            tuple(_integer(channel) for channel in document["channels"]),
            None if in_flight is None else _integer(in_flight),
        )
        expected = document["fingerprint"]
    except ChronogateError:
        raise
    except (KeyError, TypeError) as error:
        raise ChronogateError(f"{path} is damaged ({error!r}): {_AGAIN}") from None
    if gated_fingerprint(gated) != expected:
        raise ChronogateError(f"{path} and the networks beside it do not belong together: {_AGAIN}")
    return gated


def _settings(gated: GatedNetwork) -> dict[str, int | str | list[int] | None]:
    """Return everything but the networks."""
    settings = {
        item.name: getattr(gated, item.name) for item in fields(gated) if item.name not in PARTS
    }
    return settings | {"channels": list(gated.channels)}


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"expected an integer, found {value!r}")
    return value
