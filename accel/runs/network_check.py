"""What ``accel check`` says of a network on disk."""

from dataclasses import dataclass
from pathlib import Path

from hw.network.serialization import VERSION, encode_network, load_network


@dataclass(frozen=True)
class CheckedNetwork:
    """A network whose files were found whole and unchanged.

    Parameters
    ----------
    name
        Of the network.
    version
        Of the files.
    nodes, arrays, weights
        Blocks, arrays, and integers in all arrays.
    fingerprint
        SHA-256 of the network.
    """

    name: str
    version: int
    nodes: int
    arrays: int
    weights: int
    fingerprint: str


def check_files(folder: Path) -> CheckedNetwork:
    """Check ``network.json`` and ``weights.npz``.

    Raises
    ------
    ChronogateError
        Naming the file and what is wrong with it.
    """
    network = load_network(folder)
    document, arrays = encode_network(network)
    return CheckedNetwork(
        network.name,
        VERSION,
        len(network.nodes),
        len(arrays),
        sum(array.size for array in arrays.values()),
        str(document["fingerprint"]),
    )
