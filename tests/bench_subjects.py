"""The models whose speed `tests.bench` measures."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import accel
from accel.qkeras_compat import keras, qkeras
from hw.network.graph import Network

if TYPE_CHECKING:
    from hls4ml.model.graph import ModelGraph

LOOK_BACK, FEATURES, HORIZON = 12, 4, 4


@dataclass(frozen=True)
class Subject:
    """A model that is measured, and the reuse factor of its layers."""

    name: str
    layers: Callable[[], Sequence[keras.layers.Layer]]
    reuse: int


def weights() -> object:
    """Return the quantizer of every weight."""
    return qkeras.quantized_bits(8, 0, alpha=1)


def dense(units: int) -> keras.layers.Layer:
    """Return a dense layer."""
    return qkeras.QDense(units, kernel_quantizer=weights(), bias_quantizer=weights())


def recurrent(kind: type, units: int, **further: object) -> keras.layers.Layer:
    """Return a recurrent layer."""
    return kind(
        units, kernel_quantizer=weights(), recurrent_quantizer=weights(),
        bias_quantizer=weights(), state_quantizer=weights(),
        activation=qkeras.quantized_tanh(8), recurrent_activation=qkeras.quantized_sigmoid(8),
        **further,
    )  # fmt: skip


def mlp() -> Sequence[keras.layers.Layer]:
    """Return the layers of an MLP of 16 units."""
    hidden = qkeras.QActivation(qkeras.quantized_relu(8, 2))
    return keras.layers.Flatten(), dense(16), hidden


SUBJECTS = (
    Subject("MLP", mlp, 1),
    Subject("LSTM-20", lambda: [recurrent(qkeras.QLSTM, 20)], 32),
    Subject("GRU-64", lambda: [recurrent(qkeras.QGRU, 64, reset_after=True)], 128),
)
UNFOLDED = Subject("LSTM-20, unfolded", lambda: [recurrent(qkeras.QLSTM, 20)], 1)
"""What `--options` is about, too: 1,600 products at once; a text of a million characters."""


def model_of(subject: Subject) -> keras.Model:
    """Return the model with drawn weights."""
    keras.utils.set_random_seed(1)
    source = [
        keras.layers.Input((LOOK_BACK, FEATURES)),
        qkeras.QActivation(qkeras.quantized_bits(8, 2, alpha=1)),
    ]
    result = qkeras.QActivation(qkeras.quantized_bits(8, 2, alpha=1))
    return keras.Sequential([*source, *subject.layers(), dense(HORIZON), result])


def convert(subject: Subject, folder: Path) -> "ModelGraph":
    """Convert the model."""
    model = model_of(subject)
    config = accel.config_from_keras_model(
        model, granularity="name", default_reuse_factor=subject.reuse
    )
    name = subject.name.lower().replace("-", "_")
    return accel.convert(model, output_dir=folder, project_name=name, hls_config=config)


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def draw(network: Network, windows: int) -> np.ndarray:
    """Return windows of codes over the whole range of the input."""
    format = network.input_format
    shape = (windows, network.look_back, network.features)
    return np.random.default_rng(1).integers(format.minimum, format.maximum + 1, shape)
