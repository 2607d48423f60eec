"""What a Vitis user finds in the templates: pragmas on every array and loop."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from accel.conversion.hls_layers.extension import HEADERS

TEMPLATES = sorted(HEADERS.glob("*.h"))
COMPUTING = [path for path in TEMPLATES if path.stem != "chronogate_weights"]


@pytest.mark.parametrize("path", COMPUTING, ids=lambda path: path.stem)
def test_arrays_are_registers_and_loops_run_over_steps_or_unroll(path: Path) -> None:
    text = path.read_text()
    for name in re.findall(r"^ +(?! |typedef)[\w:<> ]+ (\w+)\[[^;()=]*\];", text, re.MULTILINE):
        assert f"#pragma HLS ARRAY_PARTITION variable={name} " in text, name
    for name, body in re.findall(r"for \(unsigned (\w+) = .*\n\s*(.*)", text):
        # A step holds hls4ml's own product, which is pipelined itself, or is pipelined here.
        if name == "step":
            assert "PIPELINE" in body or "chronogate_port.h" in text, name
        else:
            assert body == "#pragma HLS UNROLL", (name, body)


def test_products_have_a_reuse_factor_and_a_limit_of_multipliers() -> None:
    package = find_spec("hls4ml")
    assert package is not None
    assert package.origin is not None
    stock = Path(package.origin).parent / "templates" / "vivado" / "nnet_utils"
    for path in (stock / "nnet_dense_latency.h", HEADERS / "chronogate_convolution.h",
                 HEADERS / "chronogate_activation.h"):  # fmt: skip
        text = path.read_text()
        assert "#pragma HLS PIPELINE II=CONFIG_T::reuse_factor" in text
        assert "ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit" in text
