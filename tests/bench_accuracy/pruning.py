"""Season-aware against magnitude pruning at equal sparsity, and the surgeon alone, five seeds.

One MLP with 8-bit weights on the bundled weather, trained once for each seed and then pruned by
each method from the same weights, with as many steps and epochs. The surgeon alone is `season`
with `emphasis = 1`: it looks at no period, but makes up for the weights that go.

    python -m tests.bench_accuracy.pruning
"""

import argparse
import sys

from accel.compression.compress import compress
from accel.compression.lesson import Lesson
from accel.compression.method import Method
from accel.compression.methods.magnitude import Magnitude
from accel.compression.methods.season import Season
from accel.compression.rebuild import rebuilt
from accel.configuration.config import Config, example, parse_config
from accel.progress import LineProgress
from accel.training.fitting import mean_error, predict_float32
from accel.training.learning import learn, shape_of
from accel.training.prepared import PreparedData, prepare
from tests.bench_accuracy.seeds import SEEDS, compared, spread

HIDDEN, BASE_EPOCHS, EPOCHS, STEPS, STRIDE, RATE = 16, 20, 6, 2, 2, 0.004
SPARSITIES = (0.75, 0.9)
NAMES = ("magnitude", "surgeon", "season")


def methods(sparsity: float, epochs: int) -> dict[str, Method]:
    """Return the methods by name."""
    shared = {"sparsity": sparsity, "steps": STEPS, "epochs": epochs, "learning_rate": RATE}
    return {
        "magnitude": Magnitude.model_validate({"method": "magnitude", **shared}),
        "surgeon": Season.model_validate({"method": "season", "emphasis": 1.0, **shared}),
        "season": Season.model_validate({"method": "season", **shared}),
    }


def configured(seed: int, epochs: int) -> Config:
    """Return the weather's MLP."""
    config = parse_config(example("mlp"), "mlp")
    training = {"seed": seed, "epochs": epochs, "window_stride": STRIDE, "weight_decay": 0.05}
    return config.model_copy(
        update={
            "model": config.model.model_copy(update={"hidden": (HIDDEN,)}),
            "training": config.training.model_copy(update=training),
        }
    )


def pruned_errors(
    seed: int, data: PreparedData, sparsities: tuple[float, ...], quick: bool
) -> dict[tuple[float, str], tuple[float, float]]:
    """Return validation and test errors by sparsity and method; sparsity 0 is the unpruned one."""
    config = configured(seed, 2 if quick else BASE_EPOCHS)
    progress = LineProgress(sys.stderr)
    learned = learn(config, data, progress)
    series = data.scaled_targets[data.split.start : data.split.train]
    parts = (data.validation, data.test)

    def errors(model: object) -> tuple[float, float]:
        first, second = (mean_error(predict_float32(model, part.inputs), part) for part in parts)
        return first, second

    found = {(0.0, "-"): errors(learned.model)}
    for sparsity in sparsities:
        for name, method in methods(sparsity, 1 if quick else EPOCHS).items():
            lesson = Lesson(
                learned.seen, data.validation, config.training, shape_of(config), series
            )
            model, _ = compress(rebuilt(learned.model, {}), (method,), lesson, progress)
            kept = sum(int(mask.sum()) for mask in lesson.masks.values())
            print(f"seed {seed}, {name} {sparsity:.0%}: {kept} weights kept", file=sys.stderr)
            found[sparsity, name] = errors(model)
    return found


def main() -> None:
    """Print the errors of all seeds, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds, one sparsity, an epoch")
    quick = parser.parse_args().quick
    seeds, sparsities = (SEEDS[:2], SPARSITIES[:1]) if quick else (SEEDS, SPARSITIES)
    data = prepare(configured(1, 1))
    rows = [pruned_errors(seed, data, sparsities, quick) for seed in seeds]
    print("| zeros | part | unpruned | magnitude | surgeon alone | season "
          "| season over magnitude | season over the surgeon |\n|" + "---|" * 8)  # fmt: skip
    for sparsity in sparsities:
        for place, part in enumerate(("validation", "test")):
            base = [row[0.0, "-"][place] for row in rows]
            by_size, alone, season = (
                [row[sparsity, name][place] for row in rows] for name in NAMES
            )
            cells = (spread(each) for each in (base, by_size, alone, season))
            print(f"| {sparsity:.0%} | {part} | {' | '.join(cells)} "
                  f"| {compared(by_size, season)} | {compared(alone, season)} |")  # fmt: skip


if __name__ == "__main__":
    main()
