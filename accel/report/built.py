"""The report of a model that was built without a run folder: ``ModelGraph.build``."""

from dataclasses import asdict
from pathlib import Path

from accel.bitstream.implementation import Implementation as RoutedDesign
from accel.report.collect import describe_implementation, describe_latency
from accel.report.model import describe_model
from accel.report.schema import VERSION, Accuracy, Artifacts, Report, Verification
from hw.network.graph import Network


def built_report(network: Network, routed: RoutedDesign, folder: Path) -> dict[str, object]:
    """Return ``report.json``'s contents: what was not measured is ``None``.

    Parameters
    ----------
    network, routed
        The design, and what became of it on a board.
    folder
        Which the paths in the report are relative to.
    """
    file = str(routed.bitstream.relative_to(folder))
    verilog = sorted((folder / "rtl").glob("*.v"))
    report = Report(
        version=VERSION,
        name=network.name,
        model=describe_model(network),
        verification=Verification(),
        latency=describe_latency(network),
        implementations=(describe_implementation(routed, file),),
        accuracy=Accuracy(),
        artifacts=Artifacts(tuple(str(path.relative_to(folder)) for path in verilog), None),
    )
    return asdict(report)
