"""Layers and functions that a user adds: hls4ml's extension API and ours (docs/extension.md)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hls4ml
import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal, Value
from hls4ml.converters.keras_v2_to_hls import get_layer_handlers

import accel
from accel.conversion.check import EXTENSIONS
from accel.conversion.draft import LayerDraft
from accel.conversion.layers.common import Context
from accel.conversion.layers.registry import HANDLERS, register_layer
from accel.conversion.piece import Piece, Wire
from accel.keras_models.float64 import evaluate_float64
from accel.qkeras_compat import keras, qkeras, tf
from hw import Activation, ChronogateError, FixedPoint, Select
from hw.network.serialization import (
    BLOCKS,
    FUNCTIONS,
    fingerprint,
    load_network,
    register_block,
    register_function,
)
from tests.accel.conversion.models import bits, chain, dense


class Reversed(keras.layers.Layer):
    """Reverse the channels: the example of hls4ml's documentation."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reverse(x, axis=[-1])


class Absolute(keras.layers.Layer):
    """The absolute value."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.abs(x)


@dataclass(frozen=True)
class AbsoluteValue:
    """``|x|``, a function of one value of the user's own."""

    def result_format(self, source: FixedPoint) -> FixedPoint:
        return FixedPoint(source.width, source.integer, signed=False)

    def apply(self, codes: np.ndarray, source: FixedPoint) -> np.ndarray:
        return np.abs(codes)

    def delay_cycles(self, source: FixedPoint) -> int:
        return 1

    def hardware(self, m: Module, value: Value, source: FixedPoint, name: str) -> Signal:
        result = Signal(self.result_format(source).shape, name=f"{name}_absolute")
        m.d.sync += result.eq(Mux(value < 0, -value, value))
        return result


class HReversed(hls4ml.model.layers.Layer):
    """What hls4ml knows of `Reversed`."""

    def initialize(self) -> None:
        self.add_output_variable(self.get_input_variable().shape)


def parse_reversed(layer: dict, names: list[str], shapes: list, reader: object) -> tuple:
    return {"class_name": "HReversed", "name": layer["config"]["name"]}, list(shapes[0])


def reverse(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    port = wires[0].port
    order = tuple(reversed(range(port.channels)))
    block = Select(port.channels, order, port.format, port.steps)
    return Piece.begin(wires[0]).then(layer.name, block)


def absolute(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    port = wires[0].port
    block = Activation(port.channels, port.format, AbsoluteValue(), port.steps)
    return Piece.begin(wires[0]).then(layer.name, block)


@pytest.fixture
def registered() -> Iterator[None]:
    hls4ml.converters.register_keras_v2_layer_handler("Reversed", parse_reversed)
    hls4ml.model.layers.register_layer("HReversed", HReversed)
    register_layer("Reversed", reverse)
    register_layer("Absolute", absolute)  # its shape is taken from Keras
    register_function(AbsoluteValue)
    yield
    del get_layer_handlers()["Reversed"], hls4ml.model.layers.layer_map["HReversed"]
    del FUNCTIONS["AbsoluteValue"]
    for kind in ("Reversed", "Absolute"):
        del HANDLERS[kind]
        EXTENSIONS.remove(kind)


def model() -> keras.Model:
    grid = qkeras.QActivation(bits(6, 1))
    return chain([grid, Reversed(), dense(3), Absolute(), dense(2)], shape=(3,))


@pytest.mark.usefixtures("registered")
def test_layers_of_a_users_own_are_exact(tmp_path: Path) -> None:
    graph = accel.convert(model(), tmp_path)
    kinds = [type(layer).__mro__[1].__name__ for layer in graph.get_layers()]
    assert "HReversed" in kinds
    x = np.random.default_rng(0).normal(size=(40, 3))
    graph.compile()
    assert (graph.predict(x) == evaluate_float64(graph.config.config["KerasModel"], x)).all()
    backend = hls4ml.backends.get_backend("Amaranth")
    assert backend.name == "Amaranth"
    assert fingerprint(load_network(tmp_path)) == fingerprint(graph.network)
    del FUNCTIONS["AbsoluteValue"]
    with pytest.raises(ChronogateError, match="found 'AbsoluteValue'"):
        load_network(tmp_path)
    register_function(AbsoluteValue)


@pytest.mark.usefixtures("registered")
def test_names_that_are_taken_are_refused() -> None:
    with pytest.raises(ChronogateError, match="a handler for Reversed already"):
        register_layer("Reversed", reverse)
    with pytest.raises(ChronogateError, match="there is a Dense already"):
        register_block(type("Dense", (), {}))
    register_block(BLOCKS["Dense"])


def test_without_registration_they_are_refused() -> None:
    with pytest.raises(ChronogateError, match="Reversed is not supported"):
        accel.convert(model())
