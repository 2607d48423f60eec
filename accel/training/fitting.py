"""Fit a Keras model to windows: Adam, a falling learning rate, the best epoch on validation.

The loop is written out, because Keras's own compiles the step again for the last, smaller batch of
an epoch, which takes XLA longer than the epoch itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeVar, cast

import numpy as np

from accel.configuration.sections import TrainingConfig
from accel.datasets.windows import Windows
from accel.progress import Advance
from accel.qkeras_compat import keras, tf
from accel.training.result import Epoch

_EVALUATION_BATCH = 2048

NO_MASKS: Mapping[str, np.ndarray] = MappingProxyType({})


Watch = Callable[[float], None]

Errors = TypeVar("Errors", np.ndarray, tf.Tensor)


class Cost(Protocol):
    """What errors cost, one by one."""

    def __call__(self, errors: Errors, /) -> Errors: ...


def _squared(errors: Errors) -> Errors:
    return errors**2


def _absolute(errors: Errors) -> Errors:
    return cast(Errors, abs(errors))


_ERRORS: Mapping[str, Cost] = MappingProxyType({"squared": _squared, "absolute": _absolute})


class Guide(Protocol):
    """What a model learns from besides the truth, such as another model."""

    @property
    def rows(self) -> tuple[np.ndarray, ...]:
        """Arrays with one row for each training window."""
        ...

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """What it trains along with the model."""
        ...

    def forecast(self, inputs: tf.Tensor, rows: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the model's forecasts, and what is added to their squared error."""
        ...


@dataclass(frozen=True, eq=False)
class Unguided:
    """No guide: the truth alone."""

    model: keras.Model

    rows: tuple[np.ndarray, ...] = ()
    variables: Sequence[tf.Variable] = ()

    def forecast(self, inputs: tf.Tensor, rows: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the forecasts, and nothing to add."""
        return self.model(inputs, training=True), tf.constant(0.0)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and TensorFlow, and make TensorFlow's operations deterministic."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def fit(
    model: keras.Model,
    train: Windows,
    validation: Windows,
    training: TrainingConfig,
    advance: Advance,
    started: bool = False,
    masks: Mapping[str, np.ndarray] = NO_MASKS,
    guide: Guide | None = None,
    watch: Watch | None = None,
) -> tuple[Epoch, ...]:
    """Fit `model` in place and leave it with the weights of its best epoch on validation.

    Parameters
    ----------
    advance
        Called with 1 after each epoch.
    started
        Whether its weights have been fitted already, and may be the best.
    masks
        By the name of a variable, what it is multiplied by after every step: zeros that stay.
    guide
        What to learn from besides; the best epoch is chosen by the error on validation alone,
        squared or absolute as ``training.loss`` says.
    watch
        Called with each epoch's error on validation; may raise to end the training.

    Returns
    -------
    tuple of Epoch
        One for each epoch run, behind one for the weights that were there, if `started`.
    """
    batch = min(training.batch_size, len(train))
    batches = len(train) // batch
    schedule = keras.optimizers.schedules.CosineDecay(
        training.learning_rate, max(1, batches * training.epochs)
    )
    # Keras annotates the learning rate as a number and takes a schedule as well.
    optimizer = keras.optimizers.AdamW(
        schedule,  # pyright: ignore[reportArgumentType]
        training.weight_decay,
    )
    guide = guide or Unguided(model)
    step = _training_step(model, optimizer, masks, guide, _ERRORS[training.loss])
    rows = (train.inputs, train.targets, train.mask, *guide.rows)
    arrays = [array.astype(np.float32) for array in rows]
    random = np.random.default_rng(training.seed)
    evaluate = _evaluation(model)
    best, best_weights, history = float("inf"), model.get_weights(), list[Epoch]()
    since_best = 0
    if started:
        best = mean_error(evaluate(validation.inputs), validation, training.loss)
        seen = mean_error(evaluate(train.inputs), train, training.loss)
        history.append(Epoch(seen, best))
    for _ in range(training.epochs):
        # Shuffled anew each time, so the few windows beyond the last whole batch always differ.
        order = random.permutation(len(train))[: batches * batch].reshape(batches, batch)
        losses = [float(step(*(tf.constant(a[places]) for a in arrays))) for places in order]
        error = mean_error(evaluate(validation.inputs), validation, training.loss)
        history.append(Epoch(float(np.mean(losses)), error))
        advance(1)
        if watch is not None:
            watch(error)
        since_best += 1
        if error < best:
            best, best_weights, since_best = error, model.get_weights(), 0
        if since_best >= training.patience:
            break
    model.set_weights(best_weights)
    return tuple(history)


def predict_float32(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Return the model's outputs in Keras's own float32."""
    return _evaluation(model)(inputs)


def evaluate_all(model: keras.Model, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    """Do the same with a model of several outputs."""
    return _all_evaluation(model)(inputs)


def mean_error(forecasts: np.ndarray, windows: Windows, loss: str = "squared") -> float:
    """Return the mean error over what was observed, as a training with that `loss` measures it."""
    return float(np.mean(_ERRORS[loss]((forecasts - windows.targets)[windows.mask])))


def _training_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    masks: Mapping[str, np.ndarray],
    guide: Guide,
    cost: Cost,
):
    trained = [*model.trainable_variables, *guide.variables]

    @tf.function(jit_compile=True)
    def step(inputs: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor, *rows: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            forecasts, further = guide.forecast(inputs, rows)
            errors = (forecasts - targets) * mask
            loss = tf.reduce_sum(cost(errors)) / tf.maximum(tf.reduce_sum(mask), 1.0)
            total = loss + further
        gradients = tape.gradient(total, trained)
        optimizer.apply_gradients(zip(gradients, trained, strict=True))
        for variable in model.trainable_variables:
            if variable.name in masks:
                variable.assign(variable * masks[variable.name])
        return loss

    return step


def _evaluation(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    evaluate = _all_evaluation(model)
    return lambda inputs: evaluate(inputs)[0]


def _all_evaluation(model: keras.Model) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    compiled = tf.function(
        lambda inputs: tf.nest.flatten(model(inputs, training=False)), jit_compile=True
    )

    def evaluate(inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        # Whole batches only, the last one padded: every shape is a compilation.
        count = len(inputs)
        batch = min(_EVALUATION_BATCH, count)
        padded = np.zeros((-(-count // batch) * batch, *inputs.shape[1:]), np.float32)
        padded[:count] = inputs
        parts = [compiled(padded[n : n + batch]) for n in range(0, len(padded), batch)]
        return tuple(
            np.concatenate([part.numpy() for part in output])[:count].astype(np.float64)
            for output in zip(*parts, strict=True)
        )

    return evaluate
