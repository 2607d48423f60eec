"""The passes of the backend's flow, by name, and which of them a graph meets."""

import sys
from collections.abc import Callable

from hls4ml.model.graph import ModelGraph

KERAS_2 = (
    "read_graph", "check_wishes", "drop_identities", "fold_zero_padding", "choose_input_formats",
    "round_averages", "fuse_float_activations", "build_blocks", "remove_dead_units",
    "share_engines", "make_network",
)  # fmt: skip
"""For QKeras, which are read from the model itself: `accel.conversion.passes.RECIPE` has them."""

OTHERS = "lower_graph"
"""For Keras 3, QONNX and PyTorch, which are read from hls4ml's graph alone."""

PASSES = (*KERAS_2, OTHERS)


def find_pass(name: str) -> Callable[[ModelGraph], None]:
    """Return the pass `name`, which leaves graphs of the other kind alone.

    Only a Keras 2 model needs TensorFlow, so that its passes are imported when one comes.
    """

    def run(graph: ModelGraph) -> None:
        if is_keras_2(graph.config.config.get("KerasModel")) != (name in KERAS_2):
            return
        if name == OTHERS:
            from accel.conversion.imported import lowering

            vars(graph)["network"] = lowering.lower(graph)
        else:
            from accel.conversion.passes import RECIPE

            RECIPE[name](graph)

    return run


def is_keras_2(model: object) -> bool:
    """Tell whether `model` is one of ``tf_keras``, or of TensorFlow's own Keras up to 2.15."""
    modules = {kind.__module__.split(".")[0] for kind in type(model).__mro__}
    version = getattr(sys.modules.get("keras"), "__version__", "")
    return "tf_keras" in modules or ("keras" in modules and version.startswith("2."))
