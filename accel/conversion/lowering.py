"""The one pass of the backend's flow: which lowering a graph gets."""

import sys

from hls4ml.model.graph import ModelGraph


def lower(graph: ModelGraph) -> None:
    """Set the graph's ``network``: from Keras 2 by the model itself, else by the graph alone."""
    if is_keras_2(graph.config.config.get("KerasModel")):
        from accel.conversion.passes import RECIPE

        for _, run in RECIPE:
            run(graph)
        return
    from accel.conversion.imported import lowering

    vars(graph)["network"] = lowering.lower(graph)


def is_keras_2(model: object) -> bool:
    """Tell whether `model` is one of ``tf_keras``, or of TensorFlow's own Keras up to 2.15."""
    modules = {kind.__module__.split(".")[0] for kind in type(model).__mro__}
    version = getattr(sys.modules.get("keras"), "__version__", "")
    return "tf_keras" in modules or ("keras" in modules and version.startswith("2."))
