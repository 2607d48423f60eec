"""Soak: counts what it compares, repeats by its numbers, and sees what only resets bring about."""

from pathlib import Path

import numpy as np
import pytest

from hw.errors import ChronogateError
from hw.network.codes import Codes
from hw.network.graph import Network
from sim.rtl_model import RtlModel
from sim.soak import Batch, Soaked, soak_batch
from sim.verification import Mismatch
from tests.sim.toy import toy_network, toy_verilog

SEED = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("soak")


def test_right_design(folder: Path) -> None:
    network = toy_network()
    with RtlModel(network, folder, "-O0", toy_verilog()) as model:
        found = [soak_batch(model, SEED, number) for number in range(20)]
        again = soak_batch(model, SEED, 7)
    assert not [each for each in found if isinstance(each, Mismatch)]
    total = sum((each for each in found if isinstance(each, Soaked)), Soaked())
    assert again == found[7]
    assert 5 < total.resets < 15
    assert 0 < total.windows == total.values < 20 * 64
    assert min(vars(total).values()) > 0
    assert total.cycles > total.windows


def test_wrong_code_is_a_mismatch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = toy_network()
    right = Network.evaluate

    def wrong(self: Network, codes: Codes) -> tuple[np.ndarray, ...]:
        return tuple(np.where(result == 77, 76, result) for result in right(self, codes))

    with RtlModel(network, folder, "-O0", toy_verilog()) as model:
        monkeypatch.setattr(Network, "evaluate", wrong)
        results = (soak_batch(model, SEED, number) for number in range(20))
        found = next(each for each in results if isinstance(each, Mismatch))
    assert (found.layer, found.step, found.expected, found.actual) == ("keep", None, 76, 77)


def test_what_survives_a_reset_is_noticed(folder: Path) -> None:
    """A beat that is in the pipeline when the reset comes must not come out after it."""
    stale = toy_verilog().replace("first_valid <= 0; second_valid <= 0;", "")
    assert stale != toy_verilog()
    network = toy_network()
    with RtlModel(network, folder, "-O0", stale) as model:
        results = []
        for number in range(20):
            try:
                results.append(isinstance(soak_batch(model, SEED, number), Mismatch))
            except ChronogateError:  # a beat too many, or a rule of AXI4-Stream
                results.append(True)
    assert any(results)
    assert not results[0]  # there is nothing before it


def test_batches_differ() -> None:
    network = toy_network()
    batches = [Batch.draw(network, SEED, number) for number in range(40)]
    assert len({batch.seed for batch in batches}) == 40
    assert {batch.cut is None for batch in batches} == {True, False}
    assert len({(batch.gaps, batch.stalls) for batch in batches}) > 8
