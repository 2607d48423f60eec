"""QKeras on current TensorFlow: the one place that imports either, each cure beside its cause.

QKeras 0.9.0 needs Keras 2 (``tf_keras``; up to TensorFlow 2.15 ``keras`` itself) and was last
released before TensorFlow 2.14. Here:

- ``TF_USE_LEGACY_KERAS`` is set before TensorFlow is imported, and TensorFlow's start-up notes
  are kept back (they are printed after all when an import fails);
- `QGRU` and `QSimpleRNN` find ``nest.is_sequence`` again (renamed ``is_nested`` in 2.14), and
  `QGRU` with ``reset_after=True`` finds ``array_ops.unstack`` (gone in 2.21);
- `quantized_relu` computes in float64 under ``floatx`` float64, as every other quantizer does,
  and `quantized_po2` and `quantized_relu_po2` do so in graphs too;
- `QSeparableConv1D` takes ``padding='causal'``;
- ``hard_tanh``, ``binary_tanh`` and ``binary_sigmoid`` are found by their names;
- configurations of `quantized_relu`, `quantized_bits` and `quantized_hswish` are complete;
- quantizers written as strings are parsed without pyparsing's deprecation warnings;
- models that hold quantizers are made, saved and rebuilt without Keras's warnings about them;
- hard functions given as an activation, not by name, come back from files;
- ``.h5`` files load with QKeras's own layers known.

Float64 is the definition of a model's arithmetic in this project; `accel.float64` computes in it.
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

    try:
        import tf_keras as keras
    except ModuleNotFoundError:
        import keras  # TensorFlow up to 2.15 comes with Keras 2 itself

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
    "keras",
    "load_model",
    "qkeras",
    "quantizer_objects",
    "quiet_serialization",
    "save_model",
    "tf",
]

Parsed = tuple[list[object], dict[str, object]]
"""Arguments of a quantizer written as a string."""


def _mend_recurrent_layers() -> None:
    # These are all that qkeras.qrecurrent uses of TensorFlow's private nest and array_ops.
    qkeras.qrecurrent.nest = SimpleNamespace(is_sequence=tf.nest.is_nested)
    qkeras.qrecurrent.array_ops = SimpleNamespace(split=tf.split, unstack=tf.unstack)


def _mend_configurations() -> None:
    # What a saved quantizer needs to come back as it was: two arguments are left out, and one is
    # written that its own constructor does not take.
    for quantizer, added, dropped in (
        (qkeras.quantized_relu, "is_quantized_clip", ""),
        (qkeras.quantized_bits, "scale_axis", ""),
        (qkeras.quantized_hswish, "", "keep_negative"),
    ):
        quantizer.get_config = _configuration(quantizer.get_config, added, dropped)


def _configuration(
    stock: Callable[..., dict[str, object]], added: str, dropped: str
) -> Callable[..., dict[str, object]]:
    def get_config(self: object) -> dict[str, object]:
        kept = {key: value for key, value in stock(self).items() if key != dropped}
        return {**kept, added: getattr(self, added)} if added else kept

    return get_config


def _mend_causal_padding() -> None:
    # Keras asks for the inputs' rank since 2.5; QKeras calls without them.
    def padding(self: qkeras.QSeparableConv1D, *_: object) -> list[list[int]]:
        """Return the steps of zeros in front of ``(batch, steps, channels)``."""
        return [[0, 0], [self.dilation_rate[0] * (self.kernel_size[0] - 1), 0], [0, 0]]

    qkeras.QSeparableConv1D._compute_causal_padding = padding


def _mend_quantized_relu() -> None:
    stock: Callable[..., tf.Tensor] = qkeras.quantized_relu.__call__

    def call(self: qkeras.quantized_relu, x: tf.Tensor) -> tf.Tensor:
        """Quantize as stock QKeras does, in float64 where that is the floatx."""
        unusual = self.use_stochastic_rounding or self.qnoise_factor != 1
        if keras.backend.floatx() != "float64" or unusual:
            return stock(self, x)
        if self.use_sigmoid:
            return _relu_by_sigmoid(self, tf.cast(x, tf.float64))
        slope = float(self.negative_slope)
        steps = 2.0 ** (self.bits - (slope != 0))
        step = 2.0 ** int(self.integer) / steps
        x = tf.cast(x, tf.float64) / step
        result = step * tf.clip_by_value(tf.round(x), 0.0, steps - 1)
        if slope:
            result += step * tf.clip_by_value(tf.round(x * slope), -steps * slope, 0.0)
        if self.relu_upper_bound and not self.is_quantized_clip:
            result = tf.minimum(result, tf.constant(self.relu_upper_bound, tf.float64))
        return result

    qkeras.quantized_relu.__call__ = call


def _relu_by_sigmoid(quantizer: qkeras.quantized_relu, x: tf.Tensor) -> tf.Tensor:
    """Return ``quantized_relu(use_sigmoid=1)`` as stock QKeras computes it, in float64."""
    slope, most = float(quantizer.negative_slope), 2.0 ** int(quantizer.integer)
    steps = 2.0 ** (quantizer.bits - (slope != 0))
    share = qkeras.quantizers._sigmoid(x / most) * steps
    result = tf.clip_by_value(2 * tf.round(share) / steps - 1, 0.0, 1 - 1 / steps)
    if slope:
        below = 2 * tf.round(share * slope) / (slope * steps) - 1
        result += slope * tf.clip_by_value(below, -1.0, 0.0)
    return most * result


def _mend_powers_of_two() -> None:
    # In a graph, stock mixes float64 with a float32 epsilon.
    module = sys.modules["qkeras.quantizers"]
    stock: Callable[..., tf.Tensor] = vars(module)["_clip_power_of_two"]

    def clip(
        magnitude: tf.Tensor,
        least: int,
        most: int,
        max_value: float | None,
        quadratic: bool,
        stochastic: bool,
        log2_rounding: str,
    ) -> tf.Tensor:
        """Return the exponents of the powers of two beside `magnitude`, as stock QKeras does."""
        if stochastic or magnitude.dtype != tf.float64:
            return stock(magnitude, least, most, max_value, quadratic, stochastic, log2_rounding)
        epsilon = tf.constant(keras.backend.epsilon(), tf.float64)
        kept = tf.maximum(magnitude, epsilon)
        if max_value is not None:
            kept = tf.minimum(kept, tf.constant(max_value, tf.float64))
        logarithm = tf.math.log(tf.sqrt(kept) if quadratic else kept) / np.log(2.0)
        rounded = tf.floor(logarithm) if log2_rounding == "floor" else tf.round(logarithm)
        clipped = tf.clip_by_value(rounded, float(least), float(most)) * (1.0 + quadratic)
        return tf.where(magnitude < epsilon, tf.constant(float(least), tf.float64), clipped)

    vars(module)["_clip_power_of_two"] = clip


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
        with quiet_serialization():
            return serialize(*arguments, **options)

    return quiet


@contextmanager
def quiet_serialization() -> Iterator[None]:
    """Hide Keras's warnings that a quantizer is no constraint, where one of its layers has it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"The `keras\.\w+\.serialize\(\)` API", UserWarning)
        yield


def _mend_initializer() -> None:
    # QInitializer draws a second time where the first draw is too narrow, and Keras warns of it.
    stock: Callable[..., tf.Tensor] = qkeras.QInitializer.__call__

    def call(self: qkeras.QInitializer, *arguments: object, **options: object) -> tf.Tensor:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"The initializer \w+ is unseeded", UserWarning)
            return stock(self, *arguments, **options)

    qkeras.QInitializer.__call__ = call


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


_mend_serialization()
_mend_initializer()
_mend_functions_in_files()
_mend_recurrent_layers()
_mend_quantized_relu()
_mend_powers_of_two()
_mend_causal_padding()
_mend_configurations()
# Functions that QKeras leaves out and Keras does not have; `Bidirectional` asks for them.
for _name in ("hard_tanh", "binary_tanh", "binary_sigmoid"):
    keras.utils.get_custom_objects()[_name] = getattr(qkeras.quantizers, _name)
_mend_string_parser()


def quantizer_objects() -> dict[str, Callable[..., object]]:
    """Return QKeras's layers and quantizers by name, as Keras's loaders want them."""
    objects: dict[str, Callable[..., object]] = {}
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
