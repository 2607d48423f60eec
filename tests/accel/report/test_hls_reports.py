"""Reports of HLS tools are read whole, or refused."""

from pathlib import Path

import pytest

from accel.report.hls_reports import read_hls_latency
from accel.report.schema import HlsCosimulation, HlsLayer
from hw.errors import ChronogateError
from tests.accel.report.hls_project import FORMS, Form, cosimulation_report, write_project


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.version)
def test_estimates(form: Form, tmp_path: Path) -> None:
    found = read_hls_latency(write_project(tmp_path, form))
    assert found is not None
    assert (found.tool, found.part) == (form.version, "xcvu13p-flga2577-2-e")
    assert (found.latency_cycles, found.interval_cycles) == (695, 578)
    assert (found.clock_ns, found.estimated_clock_ns) == (5.0, 3.649)
    assert (found.lut, found.ff, found.dsp, found.bram) == (900, 700, 29, 4)
    assert found.cosimulation is None


def test_layers_are_named_as_in_the_model(tmp_path: Path) -> None:
    found = read_hls_latency(write_project(tmp_path, FORMS[-1]))
    assert found is not None
    assert found.layers == (
        HlsLayer("hidden", 130, 129),  # the convolution, which calls its product
        HlsLayer("gru", 560, 578),
        HlsLayer("hidden_quantizer", None, None),  # config20 is not config2; undef is no number
        HlsLayer("Block_proc", 0, 0),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (cosimulation_report("Pass", "690", "691", "700", "577", "578", "579"),
         HlsCosimulation("Verilog", "Pass", 700, 579)),
        (cosimulation_report("Pass", "690", "691", "700", "577", "578", "579", "4711"),
         HlsCosimulation("Verilog", "Pass", 700, 579)),
        (cosimulation_report("Pass", "690", "691", "700", "NA", "NA", "NA"),
         HlsCosimulation("Verilog", "Pass", 700, None)),
        (cosimulation_report("Fail", *["NA"] * 6), HlsCosimulation("Verilog", "Fail", None, None)),
        (cosimulation_report("NA", *["NA"] * 6), None),
    ],
)  # fmt: skip
def test_cosimulation(text: str, expected: HlsCosimulation | None, tmp_path: Path) -> None:
    found = read_hls_latency(write_project(tmp_path, FORMS[-1], text))
    assert found is not None
    assert found.cosimulation == expected


def test_a_project_that_was_not_synthesized(tmp_path: Path) -> None:
    assert read_hls_latency(tmp_path) is None
    assert read_hls_latency(tmp_path / "missing") is None


def test_a_report_that_is_cut_off(tmp_path: Path) -> None:
    project = write_project(tmp_path, FORMS[-1])
    file = next(project.glob("**/accelerator_csynth.xml"))
    file.write_text(file.read_text()[:300])
    with pytest.raises(ChronogateError, match=r"no whole report of an HLS tool .* run the synth"):
        read_hls_latency(project)


def test_the_solution_that_was_synthesized_last_counts(tmp_path: Path) -> None:
    project = write_project(tmp_path, FORMS[-1])
    first = next(project.glob("**/accelerator_csynth.xml"))
    second = project / "accelerator_prj" / "solution2" / "syn" / "report"
    second.mkdir(parents=True)
    text = first.read_text().replace(">695<", ">333<")
    for name in ("csynth.xml", "accelerator_csynth.xml"):
        (second / name).write_text(text)
    found = read_hls_latency(project)
    assert found is not None
    assert found.latency_cycles == 333
