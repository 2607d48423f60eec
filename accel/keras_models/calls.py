"""A Keras model as the calls of its layers: which results each takes, in an order to compute them.

A layer that a functional model calls more than once has as many calls, which share its weights; a
recurrent layer with ``return_state=True`` has several results.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from accel.qkeras_compat import keras, quantizer_objects, quiet_serialization, tf
from hw.errors import ChronogateError


@dataclass(frozen=True)
class Result:
    """One tensor of a model.

    Parameters
    ----------
    layer, call
        The layer that gives it, and in which of its calls.
    index
        Which of the call's results; 0 but for states.
    """

    layer: str
    call: int = 0
    index: int = 0


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    Parameters
    ----------
    layer
        The layer's name.
    number
        Which of its calls, from 0 on.
    sources
        What it takes.
    """

    layer: str
    number: int
    sources: tuple[Result, ...]

    @property
    def name(self) -> str:
        """A name of its own, which for the first call is the layer's."""
        return self.layer if self.number == 0 else f"{self.layer}_call{self.number + 1}"


@dataclass(frozen=True)
class Calls:
    """A model.

    Parameters
    ----------
    inputs
        Names of its inputs.
    calls
        Each behind those whose results it takes.
    outputs
        What leaves the model.
    """

    inputs: tuple[str, ...]
    calls: tuple[Call, ...]
    outputs: tuple[Result, ...]


def calls_of(model: keras.Model) -> Calls:
    """Return the calls of a Sequential or functional model.

    Raises
    ------
    ChronogateError
        When it is a subclass of ``keras.Model`` without a configuration.
    """
    if isinstance(model, keras.Sequential):
        assert model.input_names  # a built model has some
        names = [model.input_names[0], *(layer.name for layer in model.layers)]
        calls = tuple(Call(name, 0, (Result(before),)) for before, name in pairwise(names))
        return Calls((names[0],), calls, (Result(names[-1]),))
    if not model._is_graph_network:
        raise ChronogateError(
            f"model {model.name!r} is a subclassed model without a configuration: write it as "
            "keras.Sequential or with the functional API"
        )
    with quiet_serialization():
        config = model.get_config()
    inputs = tuple(_result(source).layer for source in _tensors(config["input_layers"]))
    calls = [
        Call(layer["name"], number, tuple(_result(source) for source in _tensors(node)))
        for layer in config["layers"]
        for number, node in enumerate(layer["inbound_nodes"])
    ]
    outputs = tuple(_result(source) for source in _tensors(config["output_layers"]))
    return Calls(inputs, tuple(_ordered(inputs, calls)), outputs)


def input_shapes(model: keras.Model) -> list[tuple[int | None, ...]]:
    """Return the shape of every input, the batch first."""
    tensors: Sequence[tf.Tensor] = vars(model).get("inputs") or model.inputs or ()
    return [tuple(tensor.shape) for tensor in tensors]


def copy_layer(
    layer: keras.layers.Layer, dtype: str | None = None, **changes: object
) -> keras.layers.Layer:
    """Return a new layer of the same settings, without weights.

    Parameters
    ----------
    layer
        Whose settings to take.
    dtype
        Another type of its numbers, and of those in a wrapper.
    changes
        Settings to change.
    """
    with quiet_serialization():
        settings = {**layer.get_config(), **changes}
    if dtype is not None:
        settings["dtype"] = dtype
        for inner in ("layer", "backward_layer"):  # of a wrapper
            if inner in settings:
                config = {**settings[inner]["config"], "dtype": dtype}
                settings[inner] = {**settings[inner], "config": config}
    with keras.utils.custom_object_scope(quantizer_objects()):
        return type(layer).from_config(settings)


def _ordered(inputs: Sequence[str], calls: Sequence[Call]) -> Iterator[Call]:
    """Yield calls when all they take is there; Keras lists the calls of a layer together."""
    known = {(name, 0) for name in inputs}
    waiting = list(calls)
    while waiting:
        ready = [
            call
            for call in waiting
            if all((source.layer, source.call) in known for source in call.sources)
        ]
        assert ready  # a model has no cycles
        yield from ready
        known |= {(call.layer, call.number) for call in ready}
        waiting = [call for call in waiting if call not in ready]


def _tensors(nested: object) -> Iterator[Sequence[object]]:
    """Yield the ``[layer, node, tensor, ...]`` of a configuration, however they are nested."""
    if isinstance(nested, Mapping):
        for part in nested.values():
            yield from _tensors(part)
    elif isinstance(nested, (list, tuple)):
        if len(nested) >= 3 and isinstance(nested[0], str):
            yield nested
        else:
            for part in nested:
                yield from _tensors(part)


def _result(tensor: Sequence[object]) -> Result:
    layer, call, index, *_ = tensor
    assert isinstance(layer, str)
    assert isinstance(call, int)
    assert isinstance(index, int)
    return Result(layer, call, index)
