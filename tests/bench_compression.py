"""What each compression method does to one MLP and one GRU, from the same trained weights.

``make bench-compression`` runs it and prints a Markdown table. Errors are of the quantized
forecasters, on validation and, once at the end, on test windows; cycles and multipliers are the
closed form's, cells are counted by Yosys for the board of the examples, its serial port and PLL
included. ``transfer`` needs a second data set; `tests.bench_accuracy.transfer` has it.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from accel.bitstream import count_cells
from accel.boards import find_board
from accel.compression.compress import compress
from accel.compression.kernels import weights_of
from accel.compression.lesson import Lesson
from accel.compression.method import Method
from accel.compression.methods.bits import Bits
from accel.compression.methods.calibrate import Calibrate
from accel.compression.methods.distill import Distill
from accel.compression.methods.low_rank import LowRank
from accel.compression.methods.magnitude import Magnitude
from accel.compression.methods.season import Season
from accel.compression.methods.tensor_train import TensorTrain
from accel.compression.methods.units import Units
from accel.compression.rebuild import rebuilt
from accel.configuration.config import Config, example, parse_config
from accel.progress import LineProgress
from accel.qkeras_compat import keras
from accel.search.point import hardware_of, network_costs
from accel.training.fitting import predict_float32
from accel.training.learning import learn, shape_of
from accel.training.prepared import PreparedData, prepare
from hw.errors import ChronogateError

BASE_EPOCHS, EPOCHS, STRIDE = 15, 5, 4
SEGMENT = 6  # of the GRU: eight steps of six hours


@dataclass(frozen=True)
class Line:
    """A row of the table."""

    model: str
    method: str
    validation: float
    test: float
    weights: int
    nonzero: int
    bits: int
    luts: int
    blocks: int
    multipliers: int
    latency: int
    interval: int

    def __str__(self) -> str:
        return (
            f"| {self.model} | {self.method} | {self.validation:.4f} | {self.test:.4f} "
            f"| {self.weights:,} | {self.nonzero:,} | {self.bits:,} "
            f"| {self.luts:,} | {self.blocks} | {self.multipliers} "
            f"| {self.latency:,} | {self.interval:,} |"
        )


HEAD = (
    "| model | method | validation | test | weights | not 0 | bits | LUT4 | DSP | multipliers "
    "| latency | interval |\n|" + "---|" * 12
)


def methods(epochs: int) -> Iterator[tuple[str, Method | None, bool]]:
    """Yield a name, the method, and whether the hardware is to skip zeros."""
    rate = 0.004
    shared = {"epochs": epochs, "learning_rate": rate}
    yield "-", None, False
    yield "magnitude, 75 %", Magnitude(
        method="magnitude", sparsity=0.75, steps=2, **shared
    ), True  # fmt: skip
    yield "season, 75 %", Season(method="season", sparsity=0.75, steps=2, **shared), True
    yield "units, half", Units(method="units", share=0.5, **shared), False
    yield "low_rank 4", LowRank(method="low_rank", rank=4, **shared), False
    yield "tensor_train 2", TensorTrain(method="tensor_train", rank=2, **shared), False
    yield "bits, 4 on average", Bits(method="bits", budget=4.0, **shared), False
    yield "calibrate, 4-bit weights", Calibrate(method="calibrate", weights=4), False
    teacher = Distill(
        method="distill", teacher=("mlp", "ridge"), size=64, teacher_epochs=epochs,
        epochs=2 * epochs, learning_rate=rate,
    )  # fmt: skip
    yield "distill", teacher, False


def configured(family: str, epochs: int) -> Config:
    """Return the example of a family, smaller to train."""
    config = parse_config(example(family), family)
    changes = {"epochs": epochs, "window_stride": STRIDE, "float_twin": False}
    training = config.training.model_copy(update=changes)
    model = config.model
    if family == "gru":
        # 48 x 48 products of six hours at once in 48 cycles, or the board's DSP blocks are too few.
        reuse = model.reuse.model_copy(update={"input": 48})
        model = model.model_copy(update={"segment": SEGMENT, "reuse": reuse})
    return config.model_copy(update={"training": training, "model": model})


def lines(
    config: Config, data: PreparedData, epochs: int, zeros: bool, only: str
) -> Iterator[Line]:
    """Train the base, then compress copies of it.

    Parameters
    ----------
    zeros
        Whether to have the rows that skip them, too.
    only
        What the names of the methods begin with.
    """
    progress = LineProgress(sys.stderr)
    learned = learn(config, data, progress)
    series = data.scaled_targets[: data.split.train]
    for name, method, skip in methods(epochs):
        if (skip and not zeros) or not name.startswith(only):
            continue
        lesson = Lesson(learned.seen, data.validation, config.training, shape_of(config), series)
        model = rebuilt(learned.model, {})
        try:
            if method is not None:
                model, _ = compress(model, (method,), lesson, progress)
        except ChronogateError as error:  # a GRU without hidden dense layers has no units to prune
            print(f"{name}: {error}", file=sys.stderr)
            continue
        folded = config.model.model_copy(update={"skip_zeros": skip})
        network = hardware_of(model, config.model_copy(update={"model": folded}))
        board = find_board(config.board)
        costs, cells = network_costs(network, board.clock_mhz), count_cells(network, board)
        yield Line(
            config.model.family, name, lesson.error(model), _test_error(model, data),
            sum(weight.size for weight in weights_of(model)), lesson.nonzero(model),
            sum(weight.bits for weight in weights_of(model)), cells.lut, cells.dsp,
            costs.multipliers, costs.latency_cycles, costs.interval_cycles,
        )  # fmt: skip


def _test_error(model: keras.Model, data: PreparedData) -> float:
    errors = predict_float32(model, data.test.inputs) - data.test.targets
    return float(np.mean(errors[data.test.mask] ** 2))


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", default=["mlp", "gru"])
    parser.add_argument("--quick", action="store_true", help="the MLP without zeros, an epoch each")
    parser.add_argument("--only", default="", help="a method, such as distill")
    given = parser.parse_args()
    print(HEAD, flush=True)
    base, epochs = (2, 1) if given.quick else (BASE_EPOCHS, EPOCHS)
    for family in ["mlp"] if given.quick else given.families:
        config = configured(family, base)
        for line in lines(config, prepare(config), epochs, not given.quick, given.only):
            print(line, flush=True)


if __name__ == "__main__":
    main()
