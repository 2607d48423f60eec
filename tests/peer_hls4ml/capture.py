"""A pytest plugin that takes the models out of hls4ml's tests before they are converted.

hls4ml's tests want Keras 2 under the name ``keras``, and each repeats its models for every backend
and strategy; here every model comes once, and a test ends where hls4ml would convert.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from unittest.mock import MagicMock

import hls4ml
import pytest

from accel.qkeras_compat import keras, tf

REPEATED = ("backend", "io_type", "strategy", "convert", "static")
"""Parameters of hls4ml's tests that choose a realization of the same model."""

ABSENT = ("qonnx", "qonnx.core", "qonnx.core.modelwrapper")
"""Modules that a test file imports for tests of other front ends."""

Check = Callable[[str, keras.Model], None]


@dataclass
class Capture:
    """Hands the model of every test to `check`.

    Parameters
    ----------
    check
        Called with the test's name and the model.
    without
        Tests that ended before they had a model, and why; filled here.
    """

    check: Check
    without: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _test: str = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep one of the tests that differ in backend, io type or strategy only."""
        kept: dict[str, pytest.Item] = {}
        for item in items:
            kept.setdefault(_name(item), item)
        items[:] = kept.values()
        # Now, since a quantizer's text changes when a layer has used it.
        self._names.update({item.nodeid: name for name, item in kept.items()})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Remember which test runs."""
        self._test = self._names[item.nodeid]
        keras.backend.clear_session()
        return (yield)

    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """Note what ends before a model is there."""
        if call.excinfo is not None and self._test not in self._seen:
            lines = [line.strip() for line in str(call.excinfo.value).splitlines()]
            reason = next((line for line in reversed(lines) if line), "")
            self.without[self._test] = f"{call.excinfo.typename}: {reason}"

    def convert(self, model: object, *_: object, **__: object) -> None:
        """Stand in for ``hls4ml.converters.convert_from_keras_model``."""
        if isinstance(model, keras.Model):
            self._seen.add(self._test)
            self.check(self._test, model)
        # hls4ml's test would go on to its own backends: its model is all that is wanted here, and
        # `check` has judged it. Nothing counts these skips; what had no model is in `without`.
        pytest.skip("taken")


def patched(capture: Capture) -> None:
    """Put Keras 2 and `capture` in the place of what hls4ml's tests use."""
    sys.modules["keras"] = keras
    for name, module in list(sys.modules.items()):
        if name.startswith("tf_keras.") and isinstance(module, ModuleType):
            sys.modules.setdefault(name.removeprefix("tf_"), module)
    for name in ("layers", "models", "utils", "regularizers", "optimizers", "backend"):
        sys.modules[f"keras.{name}"] = getattr(keras, name)
        sys.modules[f"tensorflow.keras.{name}"] = getattr(tf.keras, name)
    for name in ABSENT:
        sys.modules.setdefault(name, MagicMock())
    for module in (hls4ml.converters, sys.modules["hls4ml.converters"]):
        vars(module)["convert_from_keras_model"] = capture.convert
    vars(hls4ml.utils)["config_from_keras_model"] = lambda *_, **__: _anything()


def _anything() -> dict[str, object]:
    """Return a configuration that any key can be read of and written to."""
    return defaultdict(_anything)


def _name(item: pytest.Item) -> str:
    """Return a test's file, function and those parameters that choose the model."""
    call = getattr(item, "callspec", None)
    chosen = {} if call is None else {k: v for k, v in call.params.items() if k not in REPEATED}
    values = ", ".join(f"{key}={_short(value)}" for key, value in sorted(chosen.items()))
    function = getattr(item, "originalname", item.name)
    return f"{item.path.name}::{function}{f'[{values}]' if values else ''}"


def _short(value: object) -> str:
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) else str(value)
