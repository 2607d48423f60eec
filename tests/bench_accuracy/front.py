"""ETTh1, 96 hours ahead: the validation error of the recipe against how many coefficients it has.

The rank of the recipe (`tests.bench_accuracy.etth1`) varies; SparseTSF and the ridge regression
stand at the two ends. Test windows are not looked at.

    python -m tests.bench_accuracy.front --file ETTh1.csv
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from accel.configuration.config import Config
from accel.forecasters.build import count_coefficients
from accel.forecasters.family import Family
from accel.forecasters.registry import FAMILIES
from accel.progress import SilentProgress
from accel.training.learning import learn
from accel.training.prepared import prepare
from tests.bench_accuracy.etth1 import configured

HORIZON = 96
RANKS = (1, 2, 4, 6, 9, 16, 32)


def models(config: Config) -> Iterator[tuple[str, Family]]:
    """Yield a name and the settings of a forecaster."""
    model = config.model
    common = {"normalization": "mean", "formats": model.formats}
    yield "sparse_tsf", FAMILIES["sparse_tsf"](family="sparse_tsf", neighbours=False, **common)
    for rank in RANKS:
        yield f"low_rank {rank}", model.model_copy(update={"rank": rank})
    yield "ridge", FAMILIES["ridge"](family="ridge", shared=True, **common)


def main() -> None:
    """Print the front, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True, help="your copy of ETTh1.csv")
    parser.add_argument("--only", nargs="*", help="names of rows; default: all")
    parser.add_argument("--quick", action="store_true", help="SparseTSF alone")
    given = parser.parse_args()
    wanted = ["sparse_tsf"] if given.quick else given.only
    config = configured(given.file, HORIZON)
    data = prepare(config)
    print("| forecaster | coefficients | validation |\n|---|---|---|", flush=True)
    for name, model in models(config):
        if wanted is None or name in wanted:
            learned = learn(config.model_copy(update={"model": model}), data, SilentProgress())
            count = count_coefficients(learned.model)
            print(f"| {name} | {count:,} | {learned.validation_error:.4f} |", flush=True)


if __name__ == "__main__":
    main()
