"""Network: the frozen graph of blocks that is all the hardware and the simulation know of a model.

Connections never convert: a node's input port must equal the port that feeds it in shape, grid
and rate, so every resize, saturation or rounding is a node of its own.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hw.block import Spec
from hw.errors import ChronogateError
from hw.network.checks import check_network, leading_input
from hw.network.codes import Codes, input_arrays
from hw.network.collisions import worst_interleaved
from hw.network.contract import network_timing
from hw.network.handshakes import worst_timing
from hw.network.meeting import awaited_steps
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.network.schedule import Schedule, make_schedule
from hw.network.stage import Stage
from hw.number.fixed_point import FixedPoint
from hw.product.model_store import tables_of
from hw.stream import Port
from hw.timing import NetworkTiming

T = TypeVar("T")


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
        Input ports, each a stream of its own. Those that come per step have as many steps; one
        without steps (static features, initial states) brings one beat a window.
    nodes
        Blocks in topological order.
    outputs
        Names of the nodes whose results leave the network, each a stream of its own.
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
        check_network(self)

    @property
    def input(self) -> Port:
        """The input port; of several, the leading one: the first that comes per step."""
        return leading_input(self.inputs)

    @property
    def side_inputs(self) -> tuple[Port, ...]:
        """The inputs but the leading one."""
        return tuple(port for port in self.inputs if port is not self.input)

    @property
    def output(self) -> Port:
        """The output port; of several, the first."""
        return self.output_ports[0]

    @property
    def output_ports(self) -> tuple[Port, ...]:
        """Port of every output."""
        ports = {port.name: port for port in self.inputs}
        ports |= {node.name: node.spec.outputs[0] for node in self.nodes}
        return tuple(ports[output] for output in self.outputs)

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

    def reference(self, codes: Codes, trace: dict[str, np.ndarray] | None = None) -> np.ndarray:
        """Compute a network of one output in NumPy integers: the golden model.

        Parameters
        ----------
        codes
            Input codes: windows ``(N, T, F)``, or ``(N, F)`` where a window is one beat; in the
            sliding and the streaming mode N series of any length, ``(N, L, F)``. With several
            inputs one array for each, in their order.
        trace
            If given, receives the codes of every node under its name, and the states of recurrent
            nodes under ``<node>.h`` and ``<node>.c``.

        Returns
        -------
        numpy.ndarray
            int64 output codes ``(N, [K,] n_out)``; one forecast for every full look-back of a
            series in the sliding mode, for every sample in the streaming mode:
            ``(N, forecasts, [K,] n_out)``.

        Raises
        ------
        ChronogateError
            When a code is not one of the input format, the shape does not fit, or there are
            several outputs.
        """
        return self.only(self.evaluate(codes, trace))

    def evaluate(
        self, codes: Codes, trace: dict[str, np.ndarray] | None = None
    ) -> tuple[np.ndarray, ...]:
        """Compute every output; the arguments, and each array, are as of `reference`."""
        given = self.check_arrays(codes)
        if self.mode is not Mode.SLIDING:
            return self._evaluate(given, trace)
        windows = sliding_window_view(given[0], self.look_back, axis=1).swapaxes(2, 3)
        flat = windows.reshape(-1, *windows.shape[2:]) if self.input.steps else given[0]
        results = self._evaluate((flat,), trace)
        return tuple(result.reshape(*windows.shape[:2], *result.shape[1:]) for result in results)

    def only(self, results: tuple[T, ...]) -> T:
        """Return the one of `results`, which belong to the outputs.

        Raises
        ------
        ChronogateError
            When there are several.
        """
        if len(results) != 1:
            raise ChronogateError(
                f"{self.name} has {len(results)} outputs, {', '.join(self.outputs)}: ask for all "
                "of them (Network.evaluate, RtlRun.results, RtlModel.predict_all)"
            )
        return results[0]

    def _evaluate(
        self, given: tuple[np.ndarray, ...], trace: dict[str, np.ndarray] | None
    ) -> tuple[np.ndarray, ...]:
        results = {port.name: codes for port, codes in zip(self.inputs, given, strict=True)}
        for node in self.nodes:
            inner: dict[str, np.ndarray] | None = None if trace is None else {}
            sources = [results[source] for source in node.inputs]
            results[node.name] = node.spec.reference(*sources, trace=inner)
            if trace is not None and inner is not None:
                trace[node.name] = results[node.name]
                trace.update({f"{node.name}.{key}": value for key, value in inner.items()})
        return tuple(results[output] for output in self.outputs)

    def check_codes(self, codes: np.ndarray) -> np.ndarray:
        """Return the codes of a network's one input as int64 after checking shape and range."""
        return self.check_arrays(codes)[0]

    def check_arrays(self, codes: Codes) -> tuple[np.ndarray, ...]:
        """Return the codes of every input as int64 after checking shapes and ranges."""
        return input_arrays(self, codes)

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
        schedule = make_schedule(self.inputs, self.stages, self.outputs)
        if self.mode is not Mode.STREAMING:
            return schedule
        return replace(schedule, pace=schedule.pace.streaming())

    @cached_property
    def awaited(self) -> tuple[tuple[int, ...], ...]:
        """For each output, the step of its series that each beat of a window waits for."""
        if self.input.series > 1:
            return awaited_steps(self.inputs, self.stages, self.outputs)
        return tuple(tuple(self.schedule.awaited(name)) for name in self.schedule.leaving)

    @cached_property
    def timing(self) -> NetworkTiming:
        """Predicted cycles between the AXI4-Stream handshakes; of the best case if data decides."""
        return network_timing(self.schedule, self.input, self.awaited, self.mode, self.stages)

    @property
    def is_adaptive(self) -> bool:
        """Whether cycles depend on data (`hw.network.handshakes`)."""
        return any(stage.timing.extra is not None for stage in self.stages)

    @cached_property
    def worst_timing(self) -> NetworkTiming:
        """The cycles of the worst case: `timing` itself, unless data or collisions decide."""
        if self.input.series > 1:
            return worst_interleaved(self)
        return worst_timing(self) if self.is_adaptive else self.timing
