"""Gather the documentation's pages where mkdocs builds them: `python scripts/docs_site.py FOLDER`.

README becomes the first page, the notebooks with their outputs the tutorial, and the pages of the
reference name what mkdocstrings takes from the docstrings. Links to files that are no pages become
plain text.
"""

import re
import shutil
import sys
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[1]

REFERENCE = {
    "accel": (
        "Python, top level",
        "Functions and classes of the package itself; `accel` imports them at their first use.",
        (
            "accel.conversion.entry.convert",
            "accel.conversion.entry.config_from_keras_model",
            "accel.conversion.backend.AmaranthBackend",
            "accel.conversion.imported.entry",
            "accel.configuration.config.parse_config",
            "accel.configuration.config.load_config",
            "accel.training.train.train",
            "accel.training.train.TrainedModel",
            "accel.keras_models.float64.evaluate_float64",
            "accel.bitstream.implementation.count_cells",
        ),
    ),
    "boards": (
        "Devices and boards",
        "A board as a forecaster, and what the way to its bitstream knows of it.",
        (
            "accel.device.device",
            "accel.device.serial_port.SerialPort",
            "accel.device.simulated.SimulatedBoard",
            "accel.device.noise.NoisyLine",
            "accel.boards.board",
            "accel.boards.device",
            "accel.boards.family",
            "accel.boards.registry",
            "accel.bitstream.implementation.implement",
            "accel.bitstream.implementation.Implementation",
        ),
    ),
    "reports": (
        "Reports and waveforms",
        "`report.json` as dataclasses, and the drawings that may be used alone.",
        (
            "accel.report.schema",
            "accel.report.implementation",
            "accel.report.waves",
            "accel.report.floor_plan",
        ),
    ),
    "blocks": (
        "Blocks",
        "The hardware library: each block a description with its software, cycles and hardware.",
        (
            "hw.block.Spec",
            "hw.layer.dense.dense.Dense",
            "hw.layer.dense.unrolled_dense.UnrolledDense",
            "hw.layer.dense.shared_dense.SharedDense",
            "hw.layer.recurrent.lstm.LSTM",
            "hw.layer.recurrent.gru.GRU",
            "hw.layer.recurrent.simple_rnn.SimpleRNN",
            "hw.layer.convolution.conv1d.Conv1D",
            "hw.layer.convolution.depthwise_conv1d.DepthwiseConv1D",
            "hw.layer.elementwise.activation.Activation",
            "hw.layer.elementwise.add.Add",
            "hw.layer.elementwise.multiply.Multiply",
            "hw.layer.elementwise.concatenate.Concatenate",
            "hw.layer.elementwise.select.Select",
            "hw.layer.shape.flatten.Flatten",
            "hw.layer.shape.replay.Replay",
            "hw.function.quantizer.Quantizer",
            "hw.function.staircase.Staircase",
        ),
    ),
    "network": (
        "Networks and numbers",
        "What hardware and simulation know of a model.",
        (
            "hw.network.graph.Network",
            "hw.network.graph.Node",
            "hw.network.metadata",
            "hw.network.mode.Mode",
            "hw.network.serialization.load_network",
            "hw.network.serialization.save_network",
            "hw.number.fixed_point",
            "hw.stream.Port",
            "hw.timing",
        ),
    ),
    "simulation": (
        "Simulation",
        "The RTL in this process, compiled by Verilator.",
        (
            "sim.rtl_model.RtlModel",
            "sim.rtl_run.RtlRun",
            "sim.recording.RecordingModel",
            "sim.measure.measure_cycles",
            "sim.vcd",
        ),
    ),
}

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def main(folder: Path) -> None:
    """Write the pages and mkdocs' configuration."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    (pages / "reference").mkdir(parents=True)
    (pages / "tutorial").mkdir()
    shutil.copyfile(ROOT / "mkdocs.yml", folder / "mkdocs.yml")
    shutil.copyfile(ROOT / "docs" / "report.png", pages / "report.png")
    places = {(ROOT / "README.md").resolve(): pages / "index.md"}
    for source in sorted((ROOT / "docs").glob("*.md")):
        places[source] = pages / source.name
    for source in sorted((ROOT / "notebooks").glob("*.ipynb")):
        places[source] = pages / "tutorial" / f"{source.stem}.md"
    for source, target in places.items():
        text = _notebook(source, target) if source.suffix == ".ipynb" else source.read_text("utf-8")
        text = text.replace("](docs/report.png)", "](report.png)")
        target.write_text(_linked(text, source, target, places), encoding="utf-8")
    for name, (title, lead, members) in REFERENCE.items():
        parts = [f"# {title}", lead, *(f"::: {member}" for member in members)]
        (pages / "reference" / f"{name}.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def _notebook(source: Path, target: Path) -> str:
    """Return a notebook as Markdown, its pictures in files beside the page."""
    notebook = nbformat.read(source, as_version=4)
    text, resources = MarkdownExporter().from_notebook_node(notebook)
    for name, data in resources["outputs"].items():
        (target.parent / f"{target.stem}_{name}").write_bytes(data)
        text = text.replace(f"]({name})", f"]({target.stem}_{name})")
    return text


def _linked(text: str, source: Path, target: Path, places: dict[Path, Path]) -> str:
    """Return a text whose links lead to pages; what is no page stays as its name."""

    def link(match: re.Match[str]) -> str:
        label, place, anchor = match[1], match[2], match[3] or ""
        page = places.get((source.parent / place).resolve())
        if page is None:
            return label
        return f"[{label}]({_relative(page, target.parent)}{anchor})"

    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    text = _LINK.sub(link, _FENCE.sub(keep, text))
    return re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], text)


def _relative(page: Path, folder: Path) -> str:
    if page.is_relative_to(folder):
        return str(page.relative_to(folder))
    return "../" + str(page.relative_to(folder.parent))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
