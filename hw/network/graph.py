"""Network: the frozen graph of blocks that is all the hardware and the simulation know of a model.

Connections never convert: a node's input port must equal the port that feeds it in shape, grid
and rate, so every resize, saturation or rounding is a node of its own.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hw.block import Spec
from hw.errors import ChronogateError
from hw.network.contract import network_timing
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.network.pace import Pace
from hw.network.schedule import Schedule, Stage, make_schedule
from hw.number.fixed_point import FixedPoint
from hw.product.model_store import tables_of
from hw.stream import Port
from hw.timing import NetworkTiming


@dataclass(frozen=True)
class Node:
    """One block of a network.

    Parameters
    ----------
    name
        Unique name, also the name in reports.
    spec
        The block.
    inputs
        For each input port of `spec`, the node or network input that feeds it.
    """

    name: str
    spec: Spec
    inputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Network:
    """A quantized forecaster, ready for hardware.

    Parameters
    ----------
    name
        Name of the design.
    inputs
        Input ports; so far one.
    nodes
        Blocks in topological order.
    outputs
        Names of the nodes whose results leave the network; so far one.
    metadata
        What a deployer needs to know of the data.
    mode
        How windows are cut from the samples that come in.

    Raises
    ------
    ChronogateError
        When a connection would have to convert, a name is unknown or used twice, or a result is
        not used.
    """

    name: str
    inputs: tuple[Port, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    metadata: Metadata = field(default_factory=Metadata)
    mode: Mode = Mode.WINDOW

    def __post_init__(self) -> None:
        _check_ends(self)
        _check_mode(self)
        ports = {port.name: port for port in self.inputs}
        for node in self.nodes:
            for expected, source in zip(node.spec.inputs, node.inputs, strict=True):
                if source not in ports:
                    raise ChronogateError(
                        f"{node.name} takes its input from {source!r}, which "
                        "does not come before it"
                    )
                _check_connection(node.name, source, ports[source], expected)
            if node.name in ports:
                raise ChronogateError(
                    f"two parts of the network are called {node.name!r}: "
                    "give each layer a name of its own"
                )
            ports[node.name] = node.spec.outputs[0]
        _check_models(self)

    @property
    def input(self) -> Port:
        """The input port."""
        return self.inputs[0]

    @property
    def output(self) -> Port:
        """The output port."""
        ports = {node.name: node.spec.outputs[0] for node in self.nodes}
        return ports.get(self.outputs[0], self.input)

    @property
    def input_format(self) -> FixedPoint:
        """Format of every feature."""
        return self.input.format

    @property
    def output_format(self) -> FixedPoint:
        """Format of every forecast value."""
        return self.output.format

    @property
    def look_back(self) -> int:
        """Input beats in a window."""
        return self.input.steps or 1

    @property
    def features(self) -> int:
        """Values in an input beat."""
        return self.input.channels

    @property
    def outputs_per_window(self) -> int:
        """Values in a forecast."""
        return self.output.channels

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Compute the network in NumPy integers: the golden model.

        Parameters
        ----------
        codes
            Input codes: windows ``(N, T, F)``, or ``(N, F)`` where a window is one beat; in the
            sliding and the streaming mode N series of any length, ``(N, L, F)``.
        trace
            If given, receives the codes of every node under its name, and the states of recurrent
            nodes under ``<node>.h`` and ``<node>.c``.

        Returns
        -------
        numpy.ndarray
            int64 output codes ``(N, [K,] n_out)``; one forecast for every full look-back of a
            series in the sliding mode, for every sample in the streaming mode:
            ``(N, forecasts, n_out)``.

        Raises
        ------
        ChronogateError
            When a code is not one of the input format, or the shape does not fit.
        """
        codes = self.check_codes(codes)
        if self.mode is not Mode.SLIDING:
            return self._evaluate(codes, trace)
        windows = sliding_window_view(codes, self.look_back, axis=1).swapaxes(2, 3)
        flat = windows.reshape(-1, *windows.shape[2:]) if self.input.steps else codes
        return self._evaluate(flat, trace).reshape(*windows.shape[:2], -1)

    def _evaluate(self, codes: np.ndarray, trace: dict[str, np.ndarray] | None) -> np.ndarray:
        results = {self.input.name: codes}
        for node in self.nodes:
            inner: dict[str, np.ndarray] | None = None if trace is None else {}
            given = [results[source] for source in node.inputs]
            results[node.name] = node.spec.reference(*given, trace=inner)
            if trace is not None and inner is not None:
                trace[node.name] = results[node.name]
                trace.update({f"{node.name}.{key}": value for key, value in inner.items()})
        return results[self.outputs[0]]

    def check_codes(self, codes: np.ndarray) -> np.ndarray:
        """Return `codes` as int64 after checking shape and range."""
        codes = np.asarray(codes)
        beat, steps = (self.input.channels,), self.input.steps
        shape: tuple[int | str, ...] = beat if steps is None else (steps, *beat)
        if self.mode is not Mode.WINDOW:
            shape = ("samples", *beat)
        fits = codes.ndim == len(shape) + 1 and all(
            wanted in {given, "samples"}
            for given, wanted in zip(codes.shape[1:], shape, strict=True)
        )
        if not fits or not np.issubdtype(codes.dtype, np.integer):
            raise ChronogateError(
                f"{self.name} takes integer codes of shape (windows, {', '.join(map(str, shape))}),"
                f" not {codes.dtype} {codes.shape}"
            )
        if self.mode is Mode.SLIDING and codes.shape[1] < self.look_back:
            raise ChronogateError(
                f"{self.name} looks back {self.look_back} samples, but the series has only "
                f"{codes.shape[1]}"
            )
        grid = self.input.format.plain()
        if codes.size and (codes.min() < grid.minimum or codes.max() > grid.maximum):
            raise ChronogateError(
                f"an input code lies outside {grid}: quantize with Network.input_format first"
            )
        return codes.astype(np.int64)

    @property
    def reloadable(self) -> tuple[Node, ...]:
        """The nodes whose weights a host can replace at run time."""
        return tuple(node for node in self.nodes if tables_of(node.spec))

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The nodes as the schedule sees them."""
        return tuple(
            Stage(n.name, n.inputs, n.spec.inputs, n.spec.outputs[0], n.spec.timing)
            for n in self.nodes
        )

    @cached_property
    def schedule(self) -> Schedule:
        """When every beat moves."""
        schedule = make_schedule(self.inputs, self.stages, self.outputs[0])
        if self.mode is not Mode.STREAMING:
            return schedule
        pace = schedule.pace
        slowest = max(pace.step, pace.window)
        return replace(schedule, pace=Pace(slowest, 1, max(slowest, pace.series)))

    @cached_property
    def timing(self) -> NetworkTiming:
        """Predicted cycles between the AXI4-Stream handshakes."""
        return network_timing(self.schedule, self.input, self.mode, self.stages)


def _check_ends(network: Network) -> None:
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ChronogateError(
            f"{network.name} has {len(network.inputs)} inputs and {len(network.outputs)} outputs: "
            "so far a network has one of each"
        )
    ports = {port.name: port for port in network.inputs}
    for output in network.outputs:
        if output not in {*ports, *(node.name for node in network.nodes)}:
            raise ChronogateError(f"{network.name} has no node {output!r} that it could put out")
    used = {source for node in network.nodes for source in node.inputs} | set(network.outputs)
    for node in network.nodes:
        if node.name not in used:
            raise ChronogateError(f"nothing uses the result of {node.name}: leave the node out")


def _check_mode(network: Network) -> None:
    if network.mode is Mode.STREAMING and network.input.steps != 1:
        raise ChronogateError(
            f"{network.name} streams, one forecast a sample, but its input has "
            f"{network.input.steps} steps: give every layer one step and keep the states"
        )
    if network.mode is Mode.SLIDING and network.input.series > 1:
        raise ChronogateError(
            f"{network.name} slides over {network.input.series} series: the look-back is kept "
            "on chip for one series only, so use the window or the streaming mode"
        )


def _check_models(network: Network) -> None:
    if network.reloadable and network.mode is Mode.WINDOW and network.input.series > 1:
        raise ChronogateError(
            f"{network.name} takes windows of {network.input.series} series in any order, so the "
            f"old weights of {network.reloadable[0].name} would never be free: use one series, "
            "the streaming mode, or layers that are not reloadable"
        )


def _check_connection(name: str, source: str, given: Port, expected: Port) -> None:
    if not given.carries_same(expected):
        raise ChronogateError(
            f"{name} expects {expected.channels} x {expected.format} "
            f"({'per step' if expected.steps else 'per window'}) but {source} gives "
            f"{given.channels} x {given.format} ({'per step' if given.steps else 'per window'}): "
            "put an Activation between them"
        )
