"""What became of one model."""

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Outcome:
    """What became of one model.

    Parameters
    ----------
    seed, kind
        Of the drawing.
    deep
        Whether the RTL and the HLS project were asked for.
    realizations
        Those that were computed and are equal: ``qkeras``, ``reference``, ``hls``, ``rtl``.
    result
        ``equal``, ``refused``, or the stage that failed: ``convert``, ``reference``, ``hls``,
        ``rtl``, ``cycles``.
    message
        Of the refusal or the failure, one line.
    no_hls
        Why no HLS project was written, where it was asked for.
    values
        Numbers compared, of all layers and realizations.
    hits
        `tests.fuzz.hits`.
    blocks, mode, seconds
        For the summary.
    """

    seed: int
    kind: str
    deep: bool = False
    realizations: tuple[str, ...] = ()
    result: str = "equal"
    message: str = ""
    no_hls: str = ""
    values: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    blocks: tuple[str, ...] = ()
    mode: str = ""
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Tell whether something differs or broke."""
        return self.result not in ("equal", "refused")

    def record(self) -> dict[str, object]:
        """Return what JSON can hold."""
        return asdict(self)
