"""TensorFlow, its Keras 2 and QKeras, imported as they must be; see `accel.qkeras_compat`."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from hw.errors import ChronogateError

__all__ = ["keras", "qkeras", "tf"]

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
