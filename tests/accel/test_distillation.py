"""Forecasters that learn from teachers, from other data, and with few rows."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from accel.compression.compress import compress
from accel.compression.distillation import multi_period, multi_scale
from accel.compression.methods.distill import Distill
from accel.compression.methods.transfer import Transfer
from accel.compression.teachers import Teacher, together, trained_teacher
from accel.configuration.config import load_config
from accel.forecasters.build import build_forecaster
from accel.keras_models.files import save_model
from accel.progress import SilentProgress
from accel.qkeras_compat import keras, tf
from accel.training.fitting import seed_everything
from accel.training.prepared import prepare
from accel.training.train import train
from hw.errors import ChronogateError
from tests.accel.compressing import compressed, converted, lesson_of, trained
from tests.accel.forecasting import model_of
from tests.accel.meter import configured, readings


@pytest.fixture
def _eager() -> Iterator[None]:
    """Train without XLA, which compiles for longer than these models learn."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def _series(values: np.ndarray) -> tf.Tensor:
    return tf.constant(values, tf.float32)


def test_the_losses_are_those_of_timedistill() -> None:
    """Floating point on both sides: TensorFlow's sums, exponentials and transform in 32 bits
    beside NumPy's in 64, so their last bits differ and there are no integers to compare.
    """
    rng = np.random.default_rng(1)
    student, teacher = rng.normal(0, 1, (2, 5, 12, 2))
    scales = [(student, teacher)]
    for _ in range(3):
        scales.append(tuple(
            (x[:, : x.shape[1] // 2 * 2 : 2] + x[:, 1 : x.shape[1] // 2 * 2 : 2]) / 2
            for x in scales[-1]
        ))  # fmt: skip
    wanted = np.mean([np.mean((a - b) ** 2) for a, b in scales])
    assert float(multi_scale(_series(student), _series(teacher))) == pytest.approx(wanted, 1e-5)

    def shares(values: np.ndarray) -> np.ndarray:
        spectrum = np.exp(np.abs(np.fft.rfft(values, axis=1))[:, 1:] / 0.5)
        return spectrum / spectrum.sum(axis=1, keepdims=True)

    p, q = shares(teacher), shares(student)
    wanted = np.mean(np.sum(p * np.log(p / q), axis=1))
    assert float(multi_period(_series(student), _series(teacher))) == pytest.approx(wanted, 1e-4)
    assert float(multi_period(_series(student), _series(student))) == 0
    one = _series(student[:, :1])
    assert float(multi_period(one, one + 1)) == 0  # no periods in a single step


def test_teachers_teach_by_their_mean() -> None:
    lesson = lesson_of(60)
    truth = lesson.validation.targets
    lesson.validation.targets[:] = np.round(truth * 64) / 64  # sums of such numbers are exact
    above, below = (Teacher(lambda x, d=d: truth + d, 1.0) for d in (1.0, -0.5))
    both = together([above, below], lesson)
    assert both.error == 0.0625


@pytest.mark.usefixtures("_eager")
@pytest.mark.parametrize("changes", [
    {"teacher": ("ridge",)}, {"teacher": ("mlp", "ridge"), "hidden_weight": 0.5}
])  # fmt: skip
def test_a_student_learns_from_a_teacher(changes: dict[str, object], tmp_path: Path) -> None:
    method = Distill.model_validate(
        {"method": "distill", "size": 8, "teacher_epochs": 2, "epochs": 6, **changes}
    )
    model, (done,) = compressed("mlp", (method,))
    teacher = done.notes["teacher_validation"]
    assert isinstance(teacher, float)
    assert done.validation_after < done.validation_before
    assert done.weights == done.weights_before
    converted("mlp", model, tmp_path)


@pytest.mark.usefixtures("_eager")
def test_without_the_truth_a_student_becomes_its_teacher() -> None:
    lesson = lesson_of(200)
    lesson.train.mask[:] = False
    lesson.train.mask[0, 0] = True
    model = trained("linear", lesson, shared=False, normalization="none")
    begun = lesson.error(model)
    method = Distill(
        method="distill", teacher=("ridge",), weight=1.0, epochs=10, learning_rate=0.02
    )
    ridge = trained_teacher("ridge", 1, "none", 1, 0.01, lesson_of(200))
    guided = method._guide(model, ridge, lesson)
    lesson.train_on(model, method.epochs, method.learning_rate, guided)
    assert lesson.error(model) < 0.7 * begun


@pytest.mark.usefixtures("_eager")
def test_what_cannot_teach_is_refused() -> None:
    lesson = lesson_of(60)
    model = trained("mlp", lesson)
    with pytest.raises(ChronogateError, match="ridge regression has no hidden features"):
        Distill(method="distill", teacher=("ridge",), hidden_weight=1.0).apply(model, lesson)


@pytest.mark.usefixtures("_eager")
def test_weights_come_over_from_another_run(tmp_path: Path) -> None:
    lesson = lesson_of()
    source = trained("mlp", lesson, hidden=(5,))
    save_model(source, tmp_path / "model.h5")
    seed_everything(9)
    model = build_forecaster(model_of("mlp", hidden=(5,)), lesson.shape)
    method = Transfer(method="transfer", run=tmp_path, freeze=("dense_1",), epochs=2)
    adapted, (done,) = compress(model, (method,), lesson, SilentProgress())
    begun = done.notes["validation_unadapted"]
    assert begun == lesson.error(source)
    assert isinstance(begun, float)
    assert done.validation_after <= begun < done.validation_before
    assert _kernel(adapted, "dense_1").tolist() == _kernel(source, "dense_1").tolist()
    other = build_forecaster(model_of("mlp", hidden=(4,)), lesson.shape)
    for changes, words in (
        ({}, "layer 'dense_1' of .* has weights of the shapes"),
        ({"layers": ("dense_7",)}, "'dense_7' is no layer with weights"),
        ({"run": tmp_path / "none"}, r"there is no .*model\.h5"),
    ):
        with pytest.raises(ChronogateError, match=words):
            method.model_copy(update=changes).apply(other, lesson)


def _kernel(model: keras.Model, layer: str) -> np.ndarray:
    return next(each for each in model.layers if each.name == layer).get_weights()[0]


def test_few_rows_are_the_last_ones(tmp_path: Path) -> None:
    config = configured(tmp_path, readings(400), "train_rows = 60")
    data = prepare(config)
    look_back, horizon = config.forecast.look_back, config.forecast.horizon
    assert data.split.start == data.split.train - 60
    assert len(data.train) == 60 - look_back - horizon + 1
    assert data.train.origins[0] == data.split.start + look_back  # sees none of the rows before
    seen = data.series.values[data.split.start : data.split.train]
    assert np.rint(1e6 * (data.scaler.offset - seen.mean(axis=0))).tolist() == [0] * seen.shape[1]
    with pytest.raises(ChronogateError, match="training part is too short"):
        prepare(configured(tmp_path, readings(400), f"train_rows = {look_back}"))


def test_transfer_may_stand_for_training(tmp_path: Path) -> None:
    configured(tmp_path, readings(60))
    path = tmp_path / "meter.toml"
    text = path.read_text().replace("epochs = 2", "epochs = 0")
    path.write_text(text + '\n[[compress]]\nmethod = "transfer"\nrun = "begun"\n')
    config = load_config(path)
    (method,) = config.compress
    assert isinstance(method, Transfer)
    assert method.run == tmp_path.resolve() / "begun"
    with pytest.raises(ChronogateError, match=r"there is no .*begun/model\.h5"):
        train(config, SilentProgress())
    with pytest.raises(ChronogateError, match="give it epochs to learn in"):
        train(config.model_copy(update={"compress": ()}), SilentProgress())
