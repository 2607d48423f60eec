"""Networks whose work depends on the data: what they save, and their plain twins."""

from dataclasses import dataclass, replace

import numpy as np

from accel.runs.json_files import read_json
from accel.runs.run import Run
from hw.layer.delta.delta import moved_products
from hw.layer.delta.gru import DeltaGRU
from hw.layer.delta.layer import MOVED_INPUTS, MOVED_STATES
from hw.layer.delta.lstm import DeltaLSTM
from hw.network.graph import Network

FILE = "adaptive.json"

DELTA_NOTE = (
    "delta updates leave products out, so the forecasts are not QKeras's by design: QKeras was "
    "compared with the same network without them, and these realizations with each other"
)


@dataclass(frozen=True)
class SavedProducts:
    """What delta updates save in one layer.

    Parameters
    ----------
    name
        The layer.
    input_threshold, state_threshold
        In codes.
    products, done
        Products of all windows with weights, and those that values moved for.
    """

    name: str
    input_threshold: int
    state_threshold: int
    products: int
    done: int

    @property
    def saved(self) -> float:
        """The share of the products that were not computed."""
        return 1 - self.done / self.products

    def __str__(self) -> str:
        return f"{self.saved:.1%} of {self.products:,} products of {self.name}"


@dataclass(frozen=True)
class Adaptive:
    """``adaptive.json``.

    Parameters
    ----------
    windows
        Counted over.
    layers
        Those with delta updates.
    """

    windows: int
    layers: tuple[SavedProducts, ...]


def without_delta(network: Network) -> Network:
    """Return the network with every layer plain."""
    nodes = tuple(
        replace(node, spec=node.spec.layer) if isinstance(node.spec, DeltaGRU | DeltaLSTM) else node
        for node in network.nodes
    )
    return replace(network, nodes=nodes)


def saved_products(network: Network, trace: dict[str, np.ndarray]) -> tuple[SavedProducts, ...]:
    """Return what every delta layer saved.

    Parameters
    ----------
    network
        Any network.
    trace
        Of its golden model.
    """
    found: list[SavedProducts] = []
    for node in network.nodes:
        spec = node.spec
        if isinstance(spec, DeltaGRU | DeltaLSTM):
            keys = (MOVED_INPUTS, MOVED_STATES)
            done, every = moved_products(spec, {key: trace[f"{node.name}.{key}"] for key in keys})
            thresholds = spec.input_threshold, spec.state_threshold
            found.append(SavedProducts(node.name, *thresholds, every, done))
    return tuple(found)


def load_adaptive(run: Run) -> Adaptive | None:
    """Read what was counted when the run was verified, if its work depends on the data."""
    path = run.path(FILE)
    return read_json(path, Adaptive) if path.exists() else None
