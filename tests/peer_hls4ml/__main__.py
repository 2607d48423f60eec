"""``python -m tests.peer_hls4ml CHECKOUT``: docs/peer-hls4ml.md, hls4ml's test models in ours.

CHECKOUT is a clone of hls4ml, with its submodule ``example-models`` for those tests that load a
trained model. Nothing of it is run but the code that makes the models.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

import accel
from accel.conversion.hls_layers.blocks import inexact_reason
from accel.progress import show_progress
from accel.qkeras_compat import keras
from hw.errors import ChronogateError
from hw.network.graph import Network
from sim.rtl_model import RtlModel
from tests.accel.conversion.compare import assert_equal_to_qkeras, compare_codes, draw_codes
from tests.peer_hls4ml.capture import Capture, patched

FILES = ("test_qkeras.py", "test_rnn.py", "test_binary_cnn.py", "test_serialization.py")
"""hls4ml's tests of QKeras and recurrent models."""

PAGE = Path(__file__).parents[2] / "docs" / "peer-hls4ml.md"
WINDOWS = 20
INPUT = "fixed<16,6>"
"""hls4ml's default, for models that do not quantize their input."""


@dataclass(frozen=True)
class Line:
    """A model: what became of it in one word, and the rest of the story."""

    test: str
    outcome: str
    note: str = ""


def try_model(test: str, model: keras.Model) -> Line:
    """Convert a model and compare QKeras, golden model and RTL code for code."""
    try:
        network, note = _convert(model)
    except ChronogateError as refusal:
        return Line(test, "refused", str(refusal))
    except Exception as error:
        return Line(test, "failed", f"{type(error).__name__}: {str(error).splitlines()[0]}")
    codes = draw_codes(network, WINDOWS, 0)
    try:
        expected = assert_equal_to_qkeras(model, network, codes)
        with tempfile.TemporaryDirectory() as folder, RtlModel(network, Path(folder), "-O0") as rtl:
            compare_codes("RTL", expected, rtl.run(codes).outputs)
    except AssertionError as difference:
        return Line(test, "differs", str(difference))
    return Line(test, "exact", note if inexact_reason(network) else f"{note}HLS, too")


def _convert(model: keras.Model) -> tuple[Network, str]:
    """Convert with hls4ml's own default for the input, or as it is if it quantizes its input."""
    precision = {"LayerName": {model.input_names[0]: {"Precision": INPUT}}}
    try:
        return accel.convert(model, hls_config=precision).network, f"input {INPUT}; "
    except ChronogateError as refusal:
        if "is quantized to" not in str(refusal):
            raise
    return accel.convert(model).network, ""


def page(lines: Sequence[Line], without: dict[str, str]) -> str:
    """Return the page."""
    counts = Counter(line.outcome for line in lines)
    exact, refused = counts["exact"], counts["refused"]
    text = [
        "# hls4ml's own test models",
        "",
        "Written by `make peer-hls4ml HLS4ML=path`: the models of hls4ml's pytest suite for QKeras",
        f"and recurrent layers, {', '.join(f'`{name}`' for name in FILES[:2])},",
        f"{', '.join(f'`{name}`' for name in FILES[2:])}, each once instead of for every",
        "backend, io type and strategy. *Exact*: QKeras in float64, golden model and RTL give the",
        f"same codes at every layer on {WINDOWS} random windows; nothing is compared with a",
        "tolerance, or with hls4ml's own results.",
        "",
        f"**{len(lines)} models: {len(lines) - refused} supported, {exact} of them exact, "
        f"{refused} refused.** {len(without)} tests gave no model.",
        "",
        "| test | outcome | |",
        "|---|---|---|",
    ]
    reasons = list(dict.fromkeys(line.note for line in lines if line.outcome == "refused"))
    for line in lines:
        note = line.note
        if line.outcome == "refused":
            note = f"[{reasons.index(line.note) + 1}]"
        text.append(f"| {_cell(line.test)} | {line.outcome} | {_cell(note)} |")
    text += ["", *(f"[{n}] {_cell(reason)}  " for n, reason in enumerate(reasons, start=1))]
    if without:
        text += ["", "Without a model:", ""]
        text += [f"- {_cell(test)}: {_cell(reason)}" for test, reason in without.items()]
    return "\n".join(text) + "\n"


def _cell(text: str) -> str:
    escaped = text.replace("|", "\\|").replace("<", "\\<").replace("*", "\\*")
    return escaped.removesuffix("; ")


def main() -> int:
    """Write the page; the exit status is 1 when a supported model is not exact."""
    parser = argparse.ArgumentParser(prog="python -m tests.peer_hls4ml", description=__doc__)
    parser.add_argument("checkout", type=Path, help="a clone of hls4ml")
    parser.add_argument("--only", default="", help="pytest's -k; the page is not written then")
    given = parser.parse_args()
    folder = given.checkout / "test" / "pytest"
    if not folder.is_dir():
        print(f"error: {folder} does not exist: give the path of a clone of hls4ml")
        return 2
    lines: list[Line] = []
    with show_progress() as progress:
        advance = progress.step("hls4ml's test models")

        def check(test: str, model: keras.Model) -> None:
            lines.append(try_model(test, model))
            advance(1)

        capture = Capture(check)
        patched(capture)
        files = [str(folder.resolve() / name) for name in FILES]
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        options = [
            "-q",
            "-k",
            given.only,
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            f"--rootdir={folder}",
        ]
        with redirect_stdout(StringIO()):
            pytest.main([*files, *options], plugins=[capture])
    text = page(lines, capture.without)
    if not given.only:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    return int(any(line.outcome in ("differs", "failed") for line in lines))


if __name__ == "__main__":
    sys.exit(main())
