"""The hls4ml backend ``Amaranth`` (entry point group ``hls4ml.backends``): a thin shell.

hls4ml parses the model and calls the passes of `accel.conversion.passes`; the RTL, its simulation
and its implementation belong to `hw`, `sim` and `accel.bitstream`. This module is imported while
hls4ml itself is, so whatever needs TensorFlow or a tool is imported where it is used.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from hls4ml.backends.backend import Backend

from hw.errors import ChronogateError
from hw.network.serialization import save_network
from hw.top.axi import accelerator_verilog

if TYPE_CHECKING:
    from hls4ml.model.graph import ModelGraph
    from hls4ml.model.types import PrecisionType

    from accel.progress import Progress
    from hw.network.graph import Network
    from sim.rtl_model import RtlModel

NAME = "Amaranth"


class AmaranthBackend(Backend):
    """RTL by Amaranth, simulated by Verilator, implemented by open tools."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self._flow = ""

    def get_default_flow(self) -> str:
        """Return the lowering flow, registered at its first use."""
        if not self._flow:
            from hls4ml.model.flow import register_flow
            from hls4ml.model.optimizer import ModelOptimizerPass

            from accel.conversion.lowering import PASSES, find_pass

            for name in PASSES:
                transform = _always_applied(find_pass(name))
                self.register_pass(name, ModelOptimizerPass(name, transform))
            names = [f"{NAME.lower()}:{name}" for name in PASSES]
            self._flow = str(register_flow("lower", names, backend=NAME))
        return self._flow

    def create_initial_config(
        self, clock_period: float = 20.0, io_type: str = "io_stream", **_: object
    ) -> dict[str, object]:
        """Return hls4ml's project settings; RTL streams whatever `io_type` says."""
        from accel.conversion.hls4ml_compat import mend

        # The first that hls4ml asks of a backend, before it reads the model.
        mend(NAME)
        return {"ClockPeriod": clock_period, "IOType": io_type, "HLSConfig": {}}

    def create_layer_class(self, layer_class: type) -> type:
        """Add the keys that a user can set for each layer."""
        from hls4ml.model.attributes import Attribute, ConfigurableAttribute
        from hls4ml.model.layers import GRU, LSTM, Dense, SimpleRNN

        from accel.conversion.keras_nodes import KerasProducts, KerasRecurrence

        recurrent = (SimpleRNN, LSTM, GRU, KerasRecurrence)
        added: list[Attribute] = []
        if issubclass(layer_class, (Dense, KerasProducts, *recurrent)):
            added.append(ConfigurableAttribute("reuse_factor", default=1))
        if issubclass(layer_class, recurrent):
            added.append(ConfigurableAttribute("recurrent_reuse_factor", default=1))
        origin = f"{layer_class.__module__}.{layer_class.__qualname__}"
        members = {"_expected_attributes": added, "_wrapped": origin}
        return type(f"{NAME}{layer_class.__name__}", (layer_class,), members)

    def convert_precision_string(self, precision: "str | PrecisionType") -> "PrecisionType":
        """Parse a precision as hls4ml's own backends do."""
        from accel.conversion.settings import parse_precision

        return parse_precision(precision)

    def write(self, model: "ModelGraph") -> None:
        """Write ``network.json``, ``weights.npz`` and ``rtl/accelerator.v``."""
        network, folder = network_of(model), output_folder(model)
        save_network(network, folder)
        (folder / "rtl").mkdir(parents=True, exist_ok=True)
        (folder / "rtl" / "accelerator.v").write_text(accelerator_verilog(network))

    def compile(self, model: "ModelGraph") -> str:
        """Verilate the design; return the path of the shared library that hls4ml then loads."""
        from sim.rtl_model import RtlModel

        close(model)
        vars(model)["rtl_model"] = rtl = RtlModel(network_of(model), output_folder(model) / "build")
        return str(rtl.library)

    def predict(
        self, model: "ModelGraph", x: "np.ndarray | Sequence[np.ndarray]"
    ) -> "np.ndarray | list[np.ndarray]":
        """Compute windows in the RTL.

        Parameters
        ----------
        model
            A compiled graph.
        x
            Scaled inputs ``(N, T, F)``, or one window without N; a list with several inputs.

        Returns
        -------
        numpy.ndarray
            float64 forecasts ``(N, n_out)``; without N for one window, as hls4ml does it. A list
            with several outputs.
        """
        from accel.conversion.tracing import as_windows

        rtl: RtlModel | None = vars(model).get("rtl_model")
        if rtl is None:
            raise ChronogateError("the model is not compiled: call model_graph.compile() first")
        ports = network_of(model).inputs
        arrays = (np.asarray(x),) if len(ports) == 1 else tuple(x)
        if len(arrays) != len(ports):
            names = ", ".join(port.name for port in ports)
            raise ChronogateError(f"the model takes {len(ports)} inputs, {names}: give one of each")
        windows: list[np.ndarray] = []
        for port, variable, array in zip(ports, model.get_input_variables(), arrays, strict=True):
            shape = tuple(variable.shape)
            if np.size(array) % int(np.prod(shape)):
                raise ChronogateError(
                    f"the model takes windows of shape {shape}, not {np.shape(array)}: give "
                    "(N, ...) of them"
                )
            windows.append(as_windows(array, port, shape))
        outputs = [each[0] if len(each) == 1 else each for each in rtl.predict_all(windows)]
        return outputs[0] if len(outputs) == 1 else outputs

    def build(
        self,
        model: "ModelGraph",
        board: str = "ulx3s-85f",
        progress: "Progress | None" = None,
        seed: int = 1,
    ) -> dict[str, object]:
        """Synthesize, place and route for `board`; return the report, as ``report.json`` has it."""
        from accel.bitstream import implement
        from accel.boards import find_board
        from accel.report.built import built_report

        folder = output_folder(model)
        target = find_board(board)
        routed = implement(
            network_of(model), target, folder / "bitstream" / board, progress, (seed,)
        )
        return built_report(network_of(model), routed, folder)


def network_of(model: "ModelGraph") -> "Network":
    """Return the network that the lowering made."""
    return vars(model)["network"]


def output_folder(model: "ModelGraph") -> Path:
    """Return the folder that the user gave as ``output_dir``."""
    return Path(model.config.get_output_dir())


def close(model: "ModelGraph") -> None:
    """Release the simulation of an earlier `compile`."""
    rtl: RtlModel | None = vars(model).pop("rtl_model", None)
    if rtl is not None:
        rtl.close()


def _always_applied(run: "Callable[[ModelGraph], None]") -> "Callable[[ModelGraph], bool]":
    def transform(model: "ModelGraph") -> bool:
        run(model)
        return True

    return transform


def register(
    register_backend: Callable[[str, type[Backend]], None],
    register_writer: Callable[..., None] | None = None,
) -> None:
    """Tell hls4ml of this backend; called through the entry point."""
    register_backend(NAME, AmaranthBackend)


def register_if_missing() -> None:
    """Register this backend where the project is not installed, so that there is no entry point."""
    from hls4ml.backends import get_available_backends, register_backend

    if NAME.lower() not in get_available_backends():
        register(register_backend)
