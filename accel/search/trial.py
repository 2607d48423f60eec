"""One trial: train on the training rows, error on validation, costs, LUTs if they are asked."""

from dataclasses import asdict, dataclass, field

import optuna
from optuna.trial import FrozenTrial, TrialState

from accel.boards import find_board
from accel.configuration.config import Config
from accel.progress import SilentProgress
from accel.search.front import CURVE, POINT, REASON, excess
from accel.search.point import Costs, Point, costs_of, priced
from accel.search.settings import UNTRAINED, Measure
from accel.search.space import Space
from accel.training.learning import check_begun, learn, shape_of
from accel.training.prepared import PreparedData, prepare
from hw.errors import ChronogateError

KEPT_DATA = 4
"""Data sets, as cut into windows, that are kept from trial to trial."""


@dataclass(eq=False)
class Attempt:
    """Runs the trials of a study.

    Parameters
    ----------
    space
        What varies.
    """

    space: Space
    _data: dict[str, PreparedData] = field(default_factory=dict, init=False)

    def __call__(self, trial: optuna.Trial) -> tuple[float, ...]:
        """Return the objectives of a trial.

        Raises
        ------
        optuna.TrialPruned
            When its values do not go together, it cannot keep the limits, or it is beaten.
        """
        try:
            return self._measured(trial)
        except ChronogateError as error:
            trial.set_user_attr(REASON, str(error))
            raise optuna.TrialPruned(str(error)) from None

    def _measured(self, trial: optuna.Trial) -> tuple[float, ...]:
        from accel.forecasters.build import build_forecaster
        from accel.training.fitting import seed_everything

        search = self.space.search
        config = self.space.config(self.space.suggest(trial))
        check_begun(config)
        if search.synthesized:
            find_board(config.board)  # refuses a board without open tools before any training
        data = self._prepared(config)
        costs = None
        if not config.compress and not config.model.skip_zeros:
            # Such hardware does not depend on the weights: no need to train what breaks a limit.
            seed_everything(config.training.seed)
            costs = costs_of(build_forecaster(config.model, shape_of(config)), config)
            _check(trial, Point(0.0, costs), search.limits)
        watch = _Watch(trial, costs, search.patience, search.rivals)
        learned = learn(config, data, SilentProgress(), watch)
        error = learned.validation_error
        point = priced(learned.model, config, error, search.synthesized)
        trial.set_user_attr(POINT, asdict(point))
        _tell_limits(trial, point, search.limits)
        return tuple(point.measure(name) for name in search.minimize)

    def _prepared(self, config: Config) -> PreparedData:
        """Return the windows of a configuration, which most trials share."""
        key = config.model_dump_json(include={"data", "forecast"})
        if key not in self._data:
            while len(self._data) >= KEPT_DATA:
                del self._data[next(iter(self._data))]
            self._data[key] = prepare(config)
        return self._data[key]


def _check(trial: optuna.Trial, point: Point, limits: dict[Measure, float]) -> None:
    known: dict[Measure, float] = {n: most for n, most in limits.items() if n not in UNTRAINED}
    for name, over in zip(known, excess(point, known), strict=True):
        if over > 0:
            _tell_limits(trial, point, known)
            raise ChronogateError(
                f"{name} would be {point.measure(name):g}, above its limit of {known[name]:g}"
            )


def _tell_limits(trial: optuna.Trial, point: Point, limits: dict[Measure, float]) -> None:
    for name, over in zip(limits, excess(point, limits), strict=True):
        trial.set_constraint(name, over)


class _Watch:
    """Gives a trial up when finished ones that cost no more were better at the same epoch.

    Optuna prunes by one objective only; here a rival must be as good in all others.
    """

    def __init__(
        self, trial: optuna.Trial, costs: Costs | None, patience: int, rivals: int
    ) -> None:
        self._trial, self._patience, self._rivals = trial, patience, rivals
        self._curve: list[float] = []
        self._others = [] if costs is None else _rivals(trial, costs)

    def __call__(self, error: float) -> None:
        """Take the error of an epoch."""
        best = min([error, *self._curve[-1:]])
        self._curve.append(best)
        self._trial.set_user_attr(CURVE, self._curve)
        epoch = len(self._curve)
        if epoch < self._patience:
            return
        ahead = sum(curve[min(epoch, len(curve)) - 1] < best for curve in self._others)
        if ahead >= self._rivals:
            reason = f"after {epoch} epochs {ahead} trials that cost no more were better"
            self._trial.set_user_attr(REASON, reason)
            raise optuna.TrialPruned(reason)


def _rivals(trial: optuna.Trial, costs: Costs) -> list[list[float]]:
    """Return the curves of finished trials that cost no more in closed form."""

    def cheaper(other: FrozenTrial) -> bool:
        theirs = other.user_attrs[POINT]["costs"]
        return all(theirs[name] <= most for name, most in asdict(costs).items())

    done = trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [
        other.user_attrs[CURVE] for other in done if CURVE in other.user_attrs and cheaper(other)
    ]
