"""A model built again with other layers in the place of some, and with other formats."""

from collections.abc import Callable, Mapping
from typing import cast

from accel.compression.grids import WeightGrid
from accel.compression.kernels import ROLES, weights_of
from accel.forecasters.solving import layer_of
from accel.keras_models.calls import Result, calls_of, copy_layer, input_shapes
from accel.qkeras_compat import keras, tf

Build = Callable[[tf.Tensor], tf.Tensor]
"""Builds what stands for a layer, from what the layer takes."""


def rebuilt(
    model: keras.Model,
    changes: Mapping[str, Mapping[str, object]],
    builds: Mapping[str, Build] | None = None,
) -> keras.Model:
    """Return a new model with the weights of `model`.

    Parameters
    ----------
    model
        A forecaster: every layer called once, one output.
    changes
        By the name of a layer, settings to change.
    builds
        By the name of a layer, what to build in its place.
    """
    calls, builds = calls_of(model), builds or {}
    values: dict[Result, tf.Tensor] = {
        Result(name): cast(tf.Tensor, keras.Input(batch_shape=shape, name=name))
        for name, shape in zip(calls.inputs, input_shapes(model), strict=True)
    }
    inputs = [values[Result(name)] for name in calls.inputs]
    for call in calls.calls:
        sources = [values[source] for source in call.sources]
        result = Result(call.layer, call.number)
        if call.layer in builds:
            values[result] = builds[call.layer](sources[0])
            continue
        layer = layer_of(model, call.layer)
        copied = copy_layer(layer, None, **changes.get(call.layer, {}))
        values[result] = copied(sources if len(sources) > 1 else sources[0])
        copied.set_weights(layer.get_weights())
    return keras.Model(inputs[0], values[calls.outputs[0]], name=model.name)


def regridded(
    model: keras.Model,
    grids: Mapping[str, WeightGrid],
    values: Mapping[str, object] | None = None,
) -> keras.Model:
    """Return a new model whose weights are stored otherwise; before rounding they are the same.

    Parameters
    ----------
    grids
        By the name of a weight.
    values
        By the name of an activation, its new quantizer.
    """
    changes: dict[str, dict[str, object]] = {
        name: {"activation": quantizer} for name, quantizer in (values or {}).items()
    }
    kept = {w.key: w.values for w in weights_of(model, tuple(ROLES), frozen=True)}
    for key, grid in grids.items():
        layer, role = key.split("/")
        changes.setdefault(layer, {})[ROLES[role]] = grid.quantizer
    result = rebuilt(model, changes)
    for weight in weights_of(result, tuple(ROLES), frozen=True):
        if weight.key in grids:
            weight.set(kept[weight.key])
    return result
