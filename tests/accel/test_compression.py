"""Compressed weights are zeros that stay, and zeros are products that the hardware leaves out."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from accel.compression.kernels import kernels, stored_nonzeros
from accel.compression.methods.magnitude import Magnitude, largest, schedule
from accel.compression.methods.units import Units, weakest
from accel.configuration.config import parse_config, template
from accel.qkeras_compat import tf
from accel.report.model import describe_model
from hw.errors import ChronogateError
from tests.accel.compressing import compressed, converted

MAGNITUDE = Magnitude(method="magnitude", sparsity=0.75, steps=2, epochs=1)
UNITS = Units(method="units", share=0.5, epochs=1)


@pytest.fixture(autouse=True)
def eager() -> Iterator[None]:
    """Train without XLA, which compiles for longer than these models learn."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("family", ["mlp", "simple_rnn"])
def test_pruned_weights_stay_zero_and_cost_nothing(family: str, tmp_path: Path) -> None:
    model, (done,) = compressed(family, (MAGNITUDE,))
    plain, _ = compressed(family, ())
    for name, values in kernels(model).items():
        assert np.count_nonzero(values) <= values.size - round(0.75 * values.size), name
    assert done.nonzero_after <= 0.26 * done.weights < done.nonzero_before
    assert done.settings["sparsity"] == 0.75
    before, after = (
        sum(layer.multipliers for layer in converted(family, each, tmp_path / name).timing.layers)
        for name, each in (("plain", plain), ("pruned", model))
    )
    assert after < 0.7 * before


def test_methods_compose_in_any_order(tmp_path: Path) -> None:
    for order in ((MAGNITUDE, UNITS), (UNITS, MAGNITUDE)):
        model, done = compressed("mlp", order, hidden=(8,))
        assert [one.method for one in done] == [method.method for method in order]
        assert done[1].nonzero_before == done[0].nonzero_after >= done[1].nonzero_after
        first, second = kernels(model).values()
        assert np.count_nonzero(first.any(axis=0) & second.any(axis=1)) <= 4
        network = converted("mlp", model, tmp_path / order[0].method, hidden=(8,))
        built = describe_model(network)
        hidden = next(layer for layer in built.layers if layer.name == "dense_1")
        assert hidden.channels <= 4  # units that nothing reads are not built
        stored = sum(found.sum() for found in stored_nonzeros(model).values())
        assert built.products_per_window <= stored + 8  # and zeros are not multiplied


def test_what_is_kept_is_largest() -> None:
    values = np.array([[3.0, -1.0], [0.5, -4.0]])
    assert largest(values, 0.5).tolist() == [[True, False], [False, True]]
    assert weakest(values, np.array([[1.0], [0.1]]), 0.5).tolist() == [1]
    assert schedule(0.8, 2) == (0.7000000000000001, 0.8)


def test_the_configuration_lists_methods() -> None:
    plain = template("x", "mlp")
    text = plain + '\n[[compress]]\nmethod = "units"\n\n[[compress]]\n'
    config = parse_config(text + 'method = "magnitude"\nsparsity = 0.9\n', "x")
    assert [method.method for method in config.compress] == ["units", "magnitude"]
    for wrong, words in (
        ('method = "magic"', "compress.method must be one of bits, calibrate"),
        ('method = "magnitude"\nsparsity = 1.5', "compress.0.sparsity is 1.5"),
        ('method = "magnitude"\nsparcity = 0.5', "did you mean 'sparsity'"),
    ):
        with pytest.raises(ChronogateError, match=words):
            parse_config(f"{plain}\n[[compress]]\n{wrong}\n", "x")


def test_units_need_hidden_layers() -> None:
    with pytest.raises(ChronogateError, match="finds no hidden dense layer"):
        compressed("linear", (UNITS,))
