"""Models that failed once, made smaller (`tests.fuzz`): each is equal everywhere now."""

from pathlib import Path

import pytest

from accel.qkeras_compat import keras
from tests.fuzz.case import CASES, load_case
from tests.fuzz.check import check

FILES = sorted(CASES.glob("*.h5"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_case(file: Path) -> None:
    keras.backend.clear_session()
    drawn, values, deep = load_case(file)
    outcome = check(0, drawn, deep, values)
    assert outcome.result in ("equal", "refused"), outcome.message
