"""What the accuracy benchmark counts with: pairs of seeds, shares of a gain, bits."""

import math

import numpy as np

from accel.configuration.config import load_config
from accel.datasets.windows import Windows
from accel.training.prepared import prepare
from tests.bench_accuracy.case_studies import CASES, case_of
from tests.bench_accuracy.narrowed import Width, with_bits
from tests.bench_accuracy.scoring import Judge
from tests.bench_accuracy.searching import Trial, boxed, growth, volume
from tests.bench_accuracy.seeds import compared, paired, spread


def test_pairs_of_seeds() -> None:
    found = paired([1.0, 2.0, 3.0], [0.9, 1.8, 2.4])
    differences = np.array([0.1, 0.2, 0.6])
    assert abs(found.gain - differences.sum() / 6) < 1e-12
    # Two degrees of freedom: the tail of Student's t in closed form.
    t = differences.mean() / (differences.std(ddof=1) / math.sqrt(3))
    assert abs(found.p - (1 - t / math.sqrt(2 + t * t))) < 1e-9
    assert paired([1.0, 2.0], [1.0, 2.0]).p == 1.0
    assert math.isnan(paired([1.0], [0.5]).p)
    assert spread([1.0, 3.0]) == "2.0000 ± 1.4142"
    assert compared([1.0, 2.0], [1.0, 2.0]) == "+0.0% (p = 1)"


def test_a_judge_knows_zero_and_croston() -> None:
    config = load_config(CASES / "retail_median.toml")
    judge = Judge(config, prepare(config))
    assert judge.measure == "MASE"
    printed = {name: round(error, 4) for name, error in judge.others.items()}
    assert printed == {
        "seasonal naive": 0.7546, "last value": 0.8406, "zero": 0.59, "Croston": 0.6502,
        "ridge": 0.5345,
    }  # fmt: skip
    assert judge.best_naive == judge.others["zero"]


def test_a_judge_of_prices_has_the_last_price() -> None:
    config = load_config(CASES / "finance.toml")
    judge = Judge(config, prepare(config))
    assert round(judge.best_naive, 4) == 6.2135 == round(judge.others["last price"], 4)


def test_a_width_is_that_of_all_kernels_and_values() -> None:
    case = case_of("retail")
    assert isinstance(prepare(case.config).test, Windows)
    formats = with_bits(case.config.model, Width(4, 6)).formats
    values = (formats.input, formats.level, formats.normalized, formats.hidden)
    assert {each.bits for each in values} == {6}
    assert formats.output.bits == 12
    assert (formats.kernel.bits, formats.output_kernel.bits, formats.bias.bits) == (16, 16, 8)
    assert with_bits(case.config.model, Width(4, 6, 6)).formats.output.bits == 6
    assert (str(Width(4, 8)), str(Width(4, 8, 8))) == ("W4A8", "W4A8, forecasts 8 bits")


def test_the_volume_that_points_dominate() -> None:
    rng = np.random.default_rng(1)
    for measures in (2, 3):
        points = rng.integers(0, 9, (6, measures)) / 8
        # Cells of a grid on which the points lie: a cell is dominated whole or not at all.
        cells = np.stack(np.meshgrid(*[np.arange(8) / 8] * measures, indexing="ij"), axis=-1)
        dominated = (points[:, *[None] * measures] <= cells).all(axis=-1).any(axis=0)
        assert volume([tuple(point) for point in points]) == dominated.mean()
    assert volume([(0.5, 1.0)]) == 0.0
    trials = [Trial(2.0, (1.0, 4.0)), Trial(1.0, (2.0, 1.0)), Trial(3.0, (2.0, 4.0))]
    assert [trial.values for trial in boxed([trials])[0]] == [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
    assert growth([Trial(2.0, (0.5, 0.5)), Trial(1.0, (0.5, 0.75))]) == [(1.0, 0.125), (2.0, 0.25)]
