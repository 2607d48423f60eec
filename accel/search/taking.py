"""A point of the front becomes a run: trained again, with the same seed, and scored."""

from pathlib import Path
from tempfile import TemporaryDirectory

from accel.flow.steps import train_step
from accel.progress import Progress
from accel.runs.run import open_run
from accel.search.space import Space, Values
from accel.training.result import TrainingResult


def take_point(space: Space, values: Values, folder: Path, progress: Progress) -> TrainingResult:
    """Train a trial's configuration into a run folder."""
    with TemporaryDirectory() as place, open_run(folder, create=True) as run:
        config = Path(place) / "config.toml"
        config.write_text(space.text(values), encoding="utf-8")
        return train_step(run, config, progress)
