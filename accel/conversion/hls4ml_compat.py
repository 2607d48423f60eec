"""What hls4ml 1.3 gets wrong where Keras 3 is installed beside the Keras 2 that QKeras needs.

It chooses its front end by the version of the package ``keras``, so that a Keras 2 model meets the
reader of Keras 3 and ends in an AttributeError: in ``convert_from_keras_model``,
``config_from_keras_model`` and ``profiling.numerical``. Here the model itself decides.

``profiling.compare`` makes a model of Keras 3 of a Keras 2 model's layers, and asks quantizers for
a ``__name__``. Here the layers' values come from `accel.keras_models.float64`.
"""

import sys
from collections.abc import Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, cast

import hls4ml
import numpy as np
from hls4ml.converters import keras_v2_to_hls, keras_v3_to_hls, parse_keras_v3_model
from hls4ml.converters.keras_v2_to_hls import parse_keras_model
from hls4ml.model.graph import ModelGraph

from accel.conversion.lowering import is_keras_2

PROFILING = "hls4ml.model.profiling"


def mend(backend: str) -> None:
    """Let hls4ml read Keras 2 models, those for `backend` exactly; may be called again."""
    converters = cast(Any, hls4ml.converters)
    converters.keras_v3_to_hls = partial(_convert, backend)
    converters.parse_keras_v3_model = _parse
    if PROFILING in sys.modules:
        _mend_profiling(sys.modules[PROFILING])
    elif not any(isinstance(finder, _ProfilingFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _ProfilingFinder())


def _convert(backend: str, config: dict[str, object], *fallbacks: bool) -> ModelGraph:
    """Stand in for ``keras_v3_to_hls``."""
    if not is_keras_2(config["KerasModel"]):
        return keras_v3_to_hls(config, *fallbacks)
    from accel.conversion.frontend import exact_handlers
    from accel.qkeras_compat import quiet_serialization

    with quiet_serialization():
        if str(config.get("Backend", "")).lower() != backend.lower():
            return keras_v2_to_hls(config)
        with exact_handlers():
            return keras_v2_to_hls(config)


def _parse(model: Any, *fallbacks: bool) -> tuple[object, ...]:
    """Stand in for ``parse_keras_v3_model``."""
    if not is_keras_2(model):
        return parse_keras_v3_model(model, *fallbacks)
    from accel.conversion.frontend import ModelDictionary, exact_handlers
    from accel.qkeras_compat import quiet_serialization

    with exact_handlers(), quiet_serialization():
        architecture = ModelDictionary(model)
        return parse_keras_model(architecture, hls4ml.converters.KerasModelReader(architecture))


class _ProfilingFinder(MetaPathFinder):
    """Mends hls4ml's plots when they are imported, which takes seaborn and seconds."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the other finders do, once, with the cure behind the module's code."""
        if fullname != PROFILING:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        loader = cast(Any, spec and spec.loader)
        if loader is not None:
            loader.exec_module = partial(_run_and_mend, loader.exec_module)
        return spec


def _run_and_mend(run: Any, module: ModuleType) -> None:
    run(module)
    _mend_profiling(module)


def _mend_profiling(module: ModuleType) -> None:
    stock = vars(module)["get_ymodel_keras"]
    if not isinstance(stock, partial):
        vars(module)["get_ymodel_keras"] = partial(_layer_values, stock)


def _layer_values(stock: Any, model: Any, x: Any) -> dict[str, np.ndarray]:
    """Stand in for ``get_ymodel_keras``."""
    if not is_keras_2(model):
        return stock(model, x)
    from accel.conversion.layer_values import layer_values

    return layer_values(model, x)
