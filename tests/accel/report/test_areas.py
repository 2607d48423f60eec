"""The estimates of chips in the report."""

from pathlib import Path

from accel.projects.asic.estimate import Estimate
from accel.report.collect import collect
from accel.report.page import render_page
from accel.runs.json_files import write_json
from accel.runs.run import open_run
from tests.flow.processes import converted
from tests.hw.drawing import draw_network


def test_estimates_of_all_processes_are_in_the_report(tmp_path: Path) -> None:
    folder = converted(tmp_path / "run", draw_network(0, "mlp"))
    with open_run(folder) as run:
        assert collect(run).report.areas is None
        for process, gates in (("sky130", 3240), ("gf180", 1000)):
            place = folder / "projects" / f"asic-{process}"
            place.mkdir(parents=True)
            estimate = Estimate(process, 4 * gates, gates, 320, 1.5, 27_026.4, 0, (), ())
            write_json(place / "estimate.json", estimate)
        results = collect(run)
    assert results.report.areas is not None
    found = {area.process: area.gate_equivalents for area in results.report.areas}
    assert found == {"gf180": 1000, "sky130": 3240}
    page = render_page(results)
    assert "chip, sky130, estimate" in page
    assert "3,240 gate equivalents, 320 flip-flops, about 27,026 µm² of core" in page
