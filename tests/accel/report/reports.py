"""Reports with chosen figures."""

from accel.report.schema import (
    Accuracy,
    Artifacts,
    Cycles,
    HlsLatency,
    Implementation,
    Latency,
    LayerCycles,
    Model,
    Report,
    Verification,
)


def report(
    name: str,
    latency: int = 100,
    interval: int = 1000,
    fmax: float | None = None,
    hls: HlsLatency | None = None,
) -> Report:
    """Return the report of a run; routed on one board if `fmax` is given, in MHz."""
    cycles = Cycles(latency, latency + 5, latency + 400, interval, 25)
    boards = ()
    if fmax is not None:
        boards = (Implementation("board", "part", 25.0, fmax, latency * 40.0, 9, 8, 7, 6, "x.bit"),)
    return Report(
        version=1,
        name=name,
        model=Model((), 10, 9, 80, 1000, 4, 2),
        verification=Verification(),
        latency=Latency(
            cycles, Cycles(), (LayerCycles("gru", interval, latency - 3, 4, 1.0),), hls
        ),
        implementations=boards,
        accuracy=Accuracy(mse=0.5),
        artifacts=Artifacts((), None),
    )
