"""QKeras on current TensorFlow: the one place that imports either, each cure beside its cause.

QKeras 0.9.0 needs Keras 2 (``tf_keras``) and was last released before TensorFlow 2.14. Here:

- ``TF_USE_LEGACY_KERAS`` is set before TensorFlow is imported, and TensorFlow's start-up notes
  are kept back (they are printed after all when an import fails);
- `QGRU` and `QSimpleRNN` find ``nest.is_sequence`` again (renamed ``is_nested`` in 2.14), and
  `QGRU` with ``reset_after=True`` finds ``array_ops.unstack`` (gone in 2.21);
- `quantized_relu` computes in float64 under ``floatx`` float64, as every other quantizer does;
- quantizers written as strings are parsed without pyparsing's deprecation warnings;
- models that hold quantizers are made, saved and rebuilt without Keras's warnings about them;
- ``.h5`` files load with QKeras's own layers known.

Float64 is the definition of a model's arithmetic in this project: `evaluate_float64` runs the
stock QKeras layers in it, and `quantize_float64` its quantizers.
"""

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from hw.errors import ChronogateError

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def _held_back_stderr() -> Iterator[None]:
    """Keep what C++ writes to stderr, and write it only when the block raises."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(terminal, 2)
            kept.seek(0)
            os.write(2, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


# The warnings are about TensorFlow's own dependencies (distutils, old protobuf descriptors).
with _held_back_stderr(), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tensorflow as tf
    import tf_keras as keras

    if tf.keras.Model is not keras.Model:
        raise ChronogateError(
            "TensorFlow was already imported with Keras 3, which QKeras cannot use: import accel "
            "first, or set TF_USE_LEGACY_KERAS=1 in the environment"
        )
    import qkeras
    import qkeras.qrecurrent
    import qkeras.utils

tf.get_logger().setLevel("ERROR")  # it warns of a compiled model without metrics at every load

__all__ = [
    "count_float32_differences",
    "evaluate_float64",
    "float64",
    "keras",
    "load_model",
    "qkeras",
    "quantize_float64",
    "save_model",
    "tf",
    "trace_float64",
]

Parsed = tuple[list[object], dict[str, object]]
"""Arguments of a quantizer written as a string."""

BATCH = 4096  # windows evaluated at once; bounds the memory of long recurrent models


def _mend_recurrent_layers() -> None:
    # These are all that qkeras.qrecurrent uses of TensorFlow's private nest and array_ops.
    qkeras.qrecurrent.nest = SimpleNamespace(is_sequence=tf.nest.is_nested)
    qkeras.qrecurrent.array_ops = SimpleNamespace(split=tf.split, unstack=tf.unstack)


def _mend_quantized_relu() -> None:
    stock: Callable[..., tf.Tensor] = qkeras.quantized_relu.__call__

    def call(self: qkeras.quantized_relu, x: tf.Tensor) -> tf.Tensor:
        """Quantize as stock QKeras does; the plain relu in float64 where that is the floatx."""
        unusual = self.use_sigmoid or self.negative_slope or self.relu_upper_bound is not None
        if keras.backend.floatx() != "float64" or unusual or self.qnoise_factor != 1:
            return stock(self, x)
        step = 2.0 ** (int(self.integer) - self.bits)
        rounded = tf.round(tf.cast(x, tf.float64) / step)
        return step * tf.clip_by_value(rounded, 0.0, 2.0**self.bits - 1)

    qkeras.quantized_relu.__call__ = call


def _mend_string_parser() -> None:
    # 'quantized_bits(8,0)' is parsed with names that pyparsing 3.3 declares deprecated.
    # (`qkeras.safe_eval` is the function of that name, which hides its module.)
    parser = sys.modules["qkeras.safe_eval"]
    stock: Callable[[str], Parsed] = vars(parser)["GetParams"]

    def parse(text: str) -> Parsed:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return stock(text)

    vars(parser)["GetParams"] = parse


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
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"The `keras\.\w+\.serialize\(\)` API", UserWarning)
            return serialize(*arguments, **options)

    return quiet


def _mend_initializer() -> None:
    # QInitializer draws a second time where the first draw is too narrow, and Keras warns of it.
    stock: Callable[..., tf.Tensor] = qkeras.QInitializer.__call__

    def call(self: qkeras.QInitializer, *arguments: object, **options: object) -> tf.Tensor:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"The initializer \w+ is unseeded", UserWarning)
            return stock(self, *arguments, **options)

    qkeras.QInitializer.__call__ = call


_mend_serialization()
_mend_initializer()
_mend_recurrent_layers()
_mend_quantized_relu()
_mend_string_parser()


@contextmanager
def float64() -> Iterator[None]:
    """Compute in float64 inside the block: Keras's ``floatx``, restored afterwards."""
    before = keras.backend.floatx()
    keras.backend.set_floatx("float64")
    try:
        yield
    finally:
        keras.backend.set_floatx(before)


def quantizer_objects() -> dict[str, Callable[..., object]]:
    """Return QKeras's layers and quantizers by name, as Keras's loaders want them."""
    # The one hard function that QKeras leaves out and Keras does not have.
    objects: dict[str, Callable[..., object]] = {"hard_tanh": qkeras.hard_tanh}
    qkeras.utils._add_supported_quantized_objects(objects)  # QKeras has no public name for it
    return objects


def load_model(path: str | Path) -> keras.Model:
    """Load a Keras 2 or QKeras model that was saved as ``.h5``.

    Raises
    ------
    ChronogateError
        When the file does not exist, is not HDF5 or holds layers that are unknown here.
    """
    path = Path(path)
    if not path.is_file():
        raise ChronogateError(f"there is no model file {path}: save the model as .h5 first")
    if path.suffix not in (".h5", ".hdf5"):
        raise ChronogateError(
            f"{path} is not an .h5 file: QKeras models do not survive Keras's other formats, "
            f"save it with model.save('{path.stem}.h5')"
        )
    try:
        model = keras.models.load_model(path, custom_objects=quantizer_objects(), compile=False)
    except (OSError, TypeError, ValueError) as error:
        # Keras puts the cause last, after the whole configuration.
        cause = str(error).strip().splitlines()[-1]
        raise ChronogateError(f"{path} does not load as a Keras model: {cause}") from error
    assert isinstance(model, keras.Model)
    return model


def save_model(model: keras.Model, path: str | Path) -> None:
    """Save `model` as ``.h5``, the only format that QKeras models can be loaded from again."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You are saving your model as an HDF5 file")
        model.save(Path(path), include_optimizer=False, save_format="h5")


def quantize_float64(quantizer: Callable[[tf.Tensor], tf.Tensor], values: np.ndarray) -> np.ndarray:
    """Return what a QKeras quantizer makes of `values` (any shape), in float64."""
    with float64():
        return np.asarray(quantizer(tf.constant(values, tf.float64)), dtype=np.float64)


def evaluate_float64(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Run the stock layers of `model` in float64.

    Parameters
    ----------
    model
        A Sequential or functional model; it is rebuilt from its configuration, not changed.
    x
        Inputs ``(N, ...)``; the outputs are float64 as well.
    """
    with float64():
        rebuilt = _rebuilt(model)
        return _run(rebuilt, x)


def count_float32_differences(model: keras.Model, x: np.ndarray) -> int:
    """Count the outputs for `x` that stock float32 gives otherwise than float64."""
    stock = np.concatenate([
        model(tf.constant(x[n : n + BATCH], tf.float32), training=False).numpy()
        for n in range(0, len(x), BATCH)
    ])  # fmt: skip
    return int(np.count_nonzero(stock.astype(np.float64) != evaluate_float64(model, x)))


def trace_float64(model: keras.Model, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return what every layer of a chain gives for `x`, in float64, by layer name.

    A recurrent layer gives its hidden state at every time step ``(N, T, H)``, whatever it hands
    to the layer behind it.
    """
    traced: dict[str, np.ndarray] = {}
    with float64():
        values = np.asarray(x, dtype=np.float64)
        for layer in _rebuilt(model).layers:
            if isinstance(layer, keras.layers.RNN):
                traced[layer.name] = _run(_with_sequences(layer, values), values)
            if not isinstance(layer, keras.layers.InputLayer):
                values = _run(layer, values)
            traced.setdefault(layer.name, values)
    return traced


def _with_sequences(layer: keras.layers.RNN, values: np.ndarray) -> keras.layers.RNN:
    twin = _copy(layer, return_sequences=True)
    twin.build(values.shape)
    twin.set_weights(layer.get_weights())
    return twin


def _run(layer: keras.layers.Layer, x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    starts = range(0, max(len(x), 1), BATCH)
    parts = [layer(tf.constant(x[n : n + BATCH]), training=False).numpy() for n in starts]
    return np.concatenate(parts)


def _rebuilt(model: keras.Model) -> keras.Model:
    if not isinstance(model, keras.Sequential) and not model._is_graph_network:
        raise ChronogateError(
            f"model {model.name!r} is a subclassed model without a configuration: write it as "
            "keras.Sequential or with the functional API"
        )
    inputs = [
        keras.Input(batch_shape=tuple(tensor.shape), dtype="float64", name=name)
        for tensor, name in zip(model.inputs or (), model.input_names or (), strict=True)
    ]
    rebuilt = keras.models.clone_model(model, inputs, _layer_in_float64)
    rebuilt.set_weights(model.get_weights())
    return rebuilt


def _layer_in_float64(layer: keras.layers.Layer) -> keras.layers.Layer:
    return _copy(layer, dtype="float64")


def _copy(layer: keras.layers.Layer, **changes: object) -> keras.layers.Layer:
    with keras.utils.custom_object_scope(quantizer_objects()):
        return type(layer).from_config({**layer.get_config(), **changes})
