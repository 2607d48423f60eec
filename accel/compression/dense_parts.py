"""Dense layers taken apart into several, in a model built again."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from accel.compression.grids import WeightGrid, best_grid
from accel.compression.kernels import Weight, weights_of
from accel.compression.layer_inputs import layer_inputs
from accel.compression.lesson import Lesson
from accel.compression.rebuild import rebuilt
from accel.forecasters.layer_names import FACTOR
from accel.forecasters.solving import layer_of
from accel.keras_models.calls import copy_layer
from accel.qkeras_compat import keras, qkeras, tf
from hw.errors import ChronogateError

Factors = tuple[np.ndarray, np.ndarray]

WINDOWS = 4096
"""Most training windows on which values are measured."""


def chosen(
    model: keras.Model,
    names: tuple[str, ...],
    smaller: Callable[[Weight], bool],
    method: str,
    rank: int,
) -> list[Weight]:
    """Return the kernels of the dense layers that are named, or else of all that get smaller.

    Parameters
    ----------
    names
        Of layers; empty for all.
    smaller
        Whether a kernel has more weights than its parts.
    method, rank
        For the sentence.

    Raises
    ------
    ChronogateError
        When a name is that of no trained dense layer, or no layer gets smaller.
    """
    dense = [w for w in weights_of(model, ("kernel",)) if isinstance(w.layer, qkeras.QDense)]
    known = [weight.layer.name for weight in dense]
    for name in names:
        if name not in known:
            raise ChronogateError(
                f"compress method {method!r}: {name!r} is no trained dense layer of the model: use "
                f"some of {', '.join(known)}"
            )
    found = [w for w in dense if (w.layer.name in names if names else smaller(w))]
    if not found:
        raise ChronogateError(
            f"compress method {method!r} with rank = {rank} makes no dense layer smaller: lower "
            "rank"
        )
    return found


def rows_of(model: keras.Model, lesson: Lesson) -> dict[str, np.ndarray]:
    """Return what each kernel multiplies on training windows, by the kernel's key."""
    return {weight.key: given.rows for weight, given in layer_inputs(model, lesson.some(WINDOWS))}


def value_quantizer(values: np.ndarray, bits: int) -> qkeras.quantized_bits:
    """Return the quantizer of so many bits that is best for values seen."""
    return best_grid(values, bits, whole=True).quantizer


def dense_like(
    layer: keras.layers.Layer, kernel: np.ndarray, bias: np.ndarray | None, name: str
) -> keras.layers.Layer:
    """Return a dense layer with the bits of another, the points where its weights want them.

    The bias holds at least what that of the other layer does.
    """
    changes: dict[str, object] = {}
    if bias is not None:
        own = WeightGrid.of(layer.bias_quantizer_internal)
        wanted = best_grid(bias, own.bits)
        changes["bias_quantizer"] = (own if own.integer > wanted.integer else wanted).quantizer
    bits = int(layer.kernel_quantizer_internal.bits)
    return copy_layer(
        layer, None, units=kernel.shape[1], name=name, use_bias=bias is not None,
        kernel_quantizer=best_grid(kernel, bits).quantizer, **changes,
    )  # fmt: skip


def set_dense(layer: keras.layers.Layer, kernel: np.ndarray, bias: np.ndarray | None) -> None:
    """Give a built dense layer the weights that it is to multiply by and to add."""
    for weight in dense_weights(layer):
        values = kernel if weight.role == "kernel" else bias
        assert values is not None
        weight.set(values)


def bias_of(layer: keras.layers.Layer) -> np.ndarray | None:
    """Return what a dense layer adds; None without a bias."""
    return next((w.values for w in dense_weights(layer) if w.role == "bias"), None)


def dense_weights(layer: keras.layers.Layer) -> Iterator[Weight]:
    """Yield kernel and bias of a dense layer."""
    for variable in layer.weights:
        yield Weight(layer, variable, variable.name.split("/")[-1].split(":")[0])


def factorised(
    model: keras.Model,
    parts: Mapping[str, Factors],
    rows: Mapping[str, np.ndarray],
    bits: int,
    lesson: Lesson,
) -> keras.Model:
    """Return the model with two dense layers for each of some.

    Whole rows and columns of zeros that the lesson keeps stay; single zeros do not.

    Parameters
    ----------
    parts
        By the name of a layer, the two kernels.
    rows
        By the name of its kernel, what it multiplies.
    bits
        Of the values between.
    """

    def build(name: str) -> Callable[[tf.Tensor], tf.Tensor]:
        layer = layer_of(model, name)
        first, second = parts[name]
        between = value_quantizer(rows[f"{name}/kernel"] @ first, bits)

        def built(values: tf.Tensor) -> tf.Tensor:
            bias = bias_of(layer)
            one = dense_like(layer, first, None, name + FACTOR)
            two = dense_like(layer, second, bias, name)
            few = qkeras.QActivation(between, name=f"{name}_factors")(one(values))
            result = two(few)
            set_dense(one, first, None)
            set_dense(two, second, bias)
            return result

        return built

    result = rebuilt(model, {}, {name: build(name) for name in parts})
    gone = {name: lesson.masks.pop(f"{name}/kernel", None) for name in parts}
    masks: dict[str, np.ndarray] = {}
    for name, (first, second) in parts.items():
        mask = gone[name]
        if mask is not None:
            heard, said = np.any(mask, axis=1), np.any(mask, axis=0)
            masks[f"{name}{FACTOR}/kernel"] = np.outer(heard, np.ones(first.shape[1])) > 0
            masks[f"{name}/kernel"] = np.outer(np.ones(len(second)), said) > 0
    lesson.prune(result, masks)
    return result
