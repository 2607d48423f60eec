"""What the report's plots show of the test part: a few windows, and errors by step ahead."""

import numpy as np

from accel.report.collect import Results
from accel.report.plots import Example, HorizonError

PANELS = 4


def pick_examples(results: Results, panels: int = PANELS) -> list[Example]:
    """Return `panels` windows spread evenly over the test part, of the first target."""
    windows, forecasts = results.windows, results.forecasts
    metadata = results.network.metadata
    if windows is None or forecasts is None or not metadata.targets:
        return []
    target, count = metadata.targets[0], len(metadata.targets)
    names = [feature.name for feature in metadata.features]
    seconds = int(metadata.step_seconds)
    places = np.linspace(0, len(forecasts) - 1, panels + 2).astype(int)[1:-1]
    found = []
    for place in places:
        ahead = np.arange(1, metadata.horizon + 1) * np.timedelta64(seconds, "s")
        truth = target.to_units(windows.targets[place].reshape(-1, count)[:, 0])
        observed = windows.mask[place].reshape(-1, count)[:, 0]
        seen_times, seen = np.empty(0, dtype=ahead.dtype), np.empty(0)
        if target.name in names:
            column = names.index(target.name)
            seen = metadata.features[column].to_units(windows.inputs[place][:, column])
            behind = np.arange(1 - len(seen), 1) * np.timedelta64(seconds, "s")
            seen_times = windows.times[place] + behind
        found.append(
            Example(
                seen_times=seen_times,
                seen=seen,
                times=windows.times[place] + ahead,
                forecast=target.to_units(forecasts[place].reshape(-1, count)[:, 0]),
                truth=np.where(observed, truth, np.nan),
                label=label(target.name, target.unit),
            )
        )
    return found


def label(name: str, unit: str) -> str:
    """Return an axis label."""
    text = name.replace("_", " ")
    return f"{text} ({unit})" if unit else text


def horizon_curves(results: Results) -> list[HorizonError]:
    """Return the model's error at each step ahead, then those of the baselines."""
    windows, forecasts = results.windows, results.forecasts
    if windows is None or forecasts is None:
        return []
    count = len(results.network.metadata.targets)
    errors = step_errors(forecasts, windows.targets, windows.mask, count)
    return [HorizonError("this model", errors), *baseline_curves(results)]


def step_errors(
    forecasts: np.ndarray, truth: np.ndarray, mask: np.ndarray, targets: int
) -> tuple[float, ...]:
    """Return the mean squared error of each step ahead, of what was observed.

    Parameters
    ----------
    forecasts, truth, mask
        ``(N, horizon * targets)``, horizon-major.
    """
    squares = np.where(mask, (forecasts - truth) ** 2, 0.0).reshape(len(truth), -1, targets)
    counts = mask.reshape(squares.shape).sum(axis=(0, 2))
    return tuple(float(value) for value in squares.sum(axis=(0, 2)) / np.maximum(counts, 1))


def baseline_curves(results: Results) -> list[HorizonError]:
    """Return the errors of last value and seasonal naive at each step ahead.

    Both follow from the inputs of the windows, where every target is also seen and the look-back
    holds a season; ridge regression, which would have to be fitted again, is left out.
    """
    windows, training, metadata = results.windows, results.training, results.network.metadata
    names = [feature.name for feature in metadata.features]
    if windows is None or training is None or any(t.name not in names for t in metadata.targets):
        return []
    seen = windows.inputs[:, :, [names.index(target.name) for target in metadata.targets]]
    steps, season = np.arange(metadata.horizon), training.baselines.season
    sources = {"last value": np.full_like(steps, -1)}
    if season <= metadata.look_back:
        sources["seasonal naive"] = steps % season - season
    return [
        HorizonError(
            name,
            step_errors(
                seen[:, rows].reshape(len(seen), -1), windows.targets, windows.mask, seen.shape[2]
            ),
        )
        for name, rows in sources.items()
    ]
