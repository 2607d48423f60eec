"""Models that hold quantizers: serialized without warnings, read back."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from accel.qkeras_compat.stack import keras, qkeras


def mend() -> None:
    """Apply the cures."""
    _mend_serialization()
    _mend_functions_in_files()


def _mend_serialization() -> None:
    # QKeras serializes quantizers as constraints and activations, which Keras warns of each time.
    for module in [m for name, m in sys.modules.items() if name.startswith("qkeras.")]:
        for name in ("activations", "constraints"):
            if hasattr(module, name):
                stock = getattr(module, name)
                quiet = {**vars(stock), "serialize": _without_warnings(stock.serialize)}
                setattr(module, name, SimpleNamespace(**quiet))


def _without_warnings(serialize: Callable[..., object]) -> Callable[..., object]:
    def quiet(*arguments: object, **options: object) -> object:
        with quiet_serialization():
            return serialize(*arguments, **options)

    return quiet


@contextmanager
def quiet_serialization() -> Iterator[None]:
    """Hide Keras's warnings that a quantizer is no constraint, where one of its layers has it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"The `keras\.\w+\.serialize\(\)` API", UserWarning)
        yield


def _mend_functions_in_files() -> None:
    # Keras writes a function as a dictionary of the class "function", which QKeras does not know.
    module = sys.modules["qkeras.quantizers"]
    stock: Callable[..., object] = vars(module)["deserialize_keras_object"]

    def read(identifier: dict[str, object], **options: object) -> object:
        if identifier.get("class_name") != "function":
            return stock(identifier, **options)
        name = str(identifier["config"])
        return getattr(module, name, None) or keras.activations.get(name)

    vars(module)["deserialize_keras_object"] = read


def quantizer_objects() -> dict[str, Callable[..., object]]:
    """Return QKeras's layers and quantizers by name, as Keras's loaders want them."""
    objects: dict[str, Callable[..., object]] = {}
    qkeras.utils._add_supported_quantized_objects(objects)  # QKeras has no public name for it
    return objects
