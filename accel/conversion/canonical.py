"""The same model with a layer of its own for each call, and one result for each layer.

hls4ml reads a layer's first call and its first result only. So what a model shares is copied, the
hidden state that ``return_state`` gives is taken from the layer's output, whose last step it is,
and the cell state of an LSTM becomes the result of a layer behind it.
"""

from collections.abc import Mapping

from accel.keras_models.calls import Result, calls_of, copy_layer, input_shapes
from accel.qkeras_compat import keras, tf
from hw.errors import ChronogateError


class CellState(keras.layers.Layer):
    """Stands behind a `QLSTM` for its cell state, step by step as its output is.

    The canonical model is read, never evaluated: only the shape of what it gives is right.
    """


def is_canonical(model: keras.Model) -> bool:
    """Tell whether every layer is called once and gives one result."""
    return all(call.number == 0 for call in calls_of(model).calls) and not any(
        getattr(layer, "return_state", False) for layer in model.layers
    )


def canonical(model: keras.Model) -> keras.Model:
    """Return a model that computes the same, in layers that hls4ml reads as they are meant.

    Parameters
    ----------
    model
        Checked by `accel.conversion.check.check_model`; returned itself where nothing is to do.

    Raises
    ------
    ChronogateError
        When two outputs are one and the same value.
    """
    if is_canonical(model):
        return model
    calls = calls_of(model)
    values = {
        Result(name): keras.Input(batch_shape=shape, name=name)
        for name, shape in zip(calls.inputs, input_shapes(model), strict=True)
    }
    inputs = [values[Result(name)] for name in calls.inputs]
    used = {source for call in calls.calls for source in call.sources} | set(calls.outputs)
    for call in calls.calls:
        sources = [values[source] for source in call.sources]
        layer = model.get_layer(call.layer)
        changes: dict[str, object] = {"name": call.name}
        if getattr(layer, "return_state", False):
            changes["return_state"] = False
        copied = copy_layer(layer, None, **changes)
        result = copied(sources if len(sources) > 1 else sources[0])
        copied.set_weights(keras.layers.Layer.get_weights(layer))
        values[Result(call.layer, call.number)] = result
        hidden = Result(call.layer, call.number, 1)
        if hidden in used:
            values[hidden] = _last_step(layer, call.name, result)
        cell = Result(call.layer, call.number, 2)
        if cell in used:
            name = f"{call.name}_cell"
            values[cell] = _last_step(layer, name, CellState(name=name)(result))
    outputs = [values[output] for output in calls.outputs]
    for place, output in enumerate(outputs):
        if any(output is other for other in outputs[:place]):
            raise ChronogateError(
                f"layer {calls.outputs[place].layer!r}: two outputs of the model are its last "
                "hidden state: let the model give it once"
            )
    return keras.Model(inputs, outputs, name=model.name)


def call_names(model: keras.Model) -> Mapping[str, tuple[str, ...]]:
    """Return for each layer the names of its calls in the canonical model."""
    names: dict[str, tuple[str, ...]] = {}
    for call in calls_of(model).calls:
        names[call.layer] = (*names.get(call.layer, ()), call.name)
    return names


def _last_step(source: keras.layers.RNN, name: str, result: tf.Tensor) -> object:
    """Return the hidden state that a layer ends with."""
    if not source.return_sequences:
        return result
    steps = result.shape[1]
    assert steps is not None  # checked: inputs have fixed lengths
    crop = keras.layers.Cropping1D((steps - 1, 0), name=f"{name}_last")
    return keras.layers.Flatten(name=f"{name}_state")(crop(result))
