"""Seeded bugs: that they are seeded, that they are gone afterwards, and that all of them fit."""

import importlib
import sys

import pytest

from hw.errors import ChronogateError
from sim.formal.bug import Bug, seeded
from sim.formal.catalogue import SUBJECTS, properties

ERRORS = Bug("hw.control.axi_lite", "OKAY, SLVERR = 0b00, 0b10", "OKAY, SLVERR = 0b00, 0b11")


def test_a_bug_is_there_and_gone() -> None:
    before = importlib.import_module("hw.control.axi_lite")
    importlib.import_module("hw.control.bank")
    with seeded(ERRORS):
        wrong = importlib.import_module("hw.control.axi_lite")
        user = importlib.import_module("hw.control.bank")
        assert wrong.SLVERR == 0b11
        assert user.AxiLite is wrong.AxiLite
    assert importlib.import_module("hw.control.axi_lite") is before
    assert sys.modules["hw.control.bank"] is not user
    assert before.SLVERR == 0b10


@pytest.mark.parametrize("piece", ["no such text", "m.d.sync"])
def test_a_bug_that_fits_no_more_is_refused(piece: str) -> None:
    with (
        pytest.raises(ChronogateError, match="fits no more"),
        seeded(Bug("hw.control.axi_lite", piece, "")),
    ):
        importlib.import_module("hw.control.axi_lite")
    assert importlib.import_module("hw.control.axi_lite").SLVERR == 0b10


@pytest.mark.parametrize("subject", SUBJECTS)
def test_all_bugs_fit(subject: str) -> None:
    for rule in properties(subject):
        bug = rule.bug
        text = bug.text()
        assert bug.apply(text) != text, f"{rule.block}: {rule.name}"
