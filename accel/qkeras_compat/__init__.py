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
- hard functions given as an activation, not by name, come back from files
  (`accel.keras_models.files`).

Float64 is the definition of a model's arithmetic in this project; `accel.keras_models.float64`
computes in it.
"""

from accel.qkeras_compat import files, layers, quantizers
from accel.qkeras_compat.files import quantizer_objects, quiet_serialization
from accel.qkeras_compat.stack import keras, qkeras, tf

__all__ = [
    "keras",
    "qkeras",
    "quantizer_objects",
    "quiet_serialization",
    "tf",
]

files.mend()
layers.mend()
quantizers.mend()
