"""The search: what it varies, what it refuses, that it goes on, and that a point becomes a run."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from typer.testing import CliRunner

from accel.bitstream import count_cells
from accel.boards import find_board
from accel.cli import app
from accel.flow.steps import convert_step
from accel.progress import SilentProgress
from accel.qkeras_compat import tf
from accel.runs.run import open_run
from accel.search.front import CURVE, POINT, REASON, Found, front_of, pareto
from accel.search.point import Costs, Point, hardware_of, network_costs
from accel.search.processes import _check, search_in_processes
from accel.search.space import read_space
from accel.search.study import Budget, open_study, search, values_of
from accel.search.taking import take_point
from accel.search.trial import _Watch
from accel.training.learning import learn
from accel.training.prepared import prepare
from accel.training.result import load_training
from hw.errors import ChronogateError
from hw.network.serialization import load_network
from tests.accel.meter import configured, readings

SEARCH = """
[search]
minimize = ["error", "multipliers", "weight_bits"]
[search.vary]
"model.hidden" = [[2], [3, 2]]
"model.formats.kernel.bits" = [4, 8]
"model.reuse.dense" = { low = 1, high = 4 }
"training.learning_rate" = { low = 0.001, high = 0.1, log = true }
"""


@pytest.fixture
def _eager() -> Iterator[None]:
    """Train without XLA, which compiles for longer than these models learn."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def written(folder: Path, text: str = SEARCH, limits: str = "") -> Path:
    """Write a configuration with a search."""
    configured(folder, readings())
    path = folder / "meter.toml"
    formats = "\n[model.formats]\nkernel = { bits = 8, integer = 0 }\n"
    path.write_text(path.read_text(encoding="utf-8") + formats + text + limits, encoding="utf-8")
    return path


def costs(**changes: float) -> Costs:
    same = {"latency_cycles": 9, "interval_cycles": 5, "latency_ns": 90.0, "multipliers": 4,
            "weight_bits": 80, "bit_products": 700}  # fmt: skip
    return Costs(**{**same, **changes})


def found(number: int, error: float, multipliers: int) -> Found:
    return Found(number, {}, Point(error, costs(multipliers=multipliers)), True)


def test_the_front_is_what_none_beats() -> None:
    points = [found(0, 3.0, 1), found(1, 1.0, 9), found(2, 2.0, 4), found(3, 2.0, 5),
              found(4, 2.5, 4), found(5, 1.0, 9)]  # fmt: skip
    best = pareto(points, ("error", "multipliers"))
    assert sorted(each.number for each in best) == [0, 1, 2]


@pytest.mark.usefixtures("_eager")
def test_a_search_goes_on_and_a_point_becomes_a_run(tmp_path: Path) -> None:
    space = read_space(written(tmp_path, limits="[search.limits]\nmultipliers = 40\n"))
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    first = search(open_study(space, storage), space, Budget(trials=2), SilentProgress())
    assert first.trials == 2
    with pytest.warns(UserWarning, match="Heartbeat"):
        killed = open_study(space, storage).ask()  # by a process that never told what came of it
    study = open_study(space, storage)
    front = search(study, space, Budget(trials=2), SilentProgress())
    assert front.trials == 5
    assert study.trials[killed.number].state == TrialState.RUNNING
    assert front.points
    assert all(each.point.costs.multipliers <= 40 for each in front.points)
    errors = [each.point.error for each in front.points]
    assert errors == sorted(errors)
    # The same training, seed by seed; and the network costs what the search said.
    best = front.points[0]
    values = values_of(study, space.search, best.number)
    result = take_point(space, values, tmp_path / "run", SilentProgress())
    assert min(epoch.validation_error for epoch in result.history) == best.point.error
    assert load_training(tmp_path / "run").parameters == result.parameters
    with open_run(tmp_path / "run") as run:
        assert convert_step(run).qkeras.mismatches == 0
    network = load_network(tmp_path / "run")
    assert network_costs(network, 25.0) == best.point.costs
    with pytest.raises(ChronogateError, match="99 is no finished trial"):
        values_of(study, space.search, 99)
    changed = written(tmp_path, SEARCH.replace("[4, 8]", "[4, 6]"))
    with pytest.raises(ChronogateError, match="begun with another configuration"):
        open_study(read_space(changed), storage)


def test_a_long_search_takes_several_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accel.search.processes.TRIALS", 1)
    begun: list[Budget] = []

    class Pool(ProcessPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):
            begun.append(args[-1])
            return super().submit(fn, *args, **kwargs)

    monkeypatch.setattr("accel.search.processes.ProcessPoolExecutor", Pool)
    space, storage = read_space(written(tmp_path)), f"sqlite:///{tmp_path / 'study.db'}"
    study = open_study(space, storage)
    front = search_in_processes(study, space, storage, Budget(trials=2), SilentProgress())
    assert [budget.trials for budget in begun] == [1, 1]
    assert front.trials == 2
    assert front.points
    for problem, words in (
        (ChronogateError("the disk is full"), "the disk is full"),
        (BrokenProcessPool(), "the same command goes on from there"),
    ):
        future = Future[None]()
        future.set_exception(problem)
        with pytest.raises(ChronogateError, match=words):
            _check(future)


@pytest.mark.usefixtures("_eager")
def test_luts_are_counted_where_they_are_asked(tmp_path: Path) -> None:
    text = SEARCH.replace('"multipliers", "weight_bits"', '"luts"')
    space = read_space(written(tmp_path, text, "[search.limits]\nluts = 100\n"))
    study = open_study(space, f"sqlite:///{tmp_path / 'study.db'}")
    front = search(study, space, Budget(trials=1), SilentProgress())
    assert front.points == ()  # the serial port alone has more
    (found,) = front.others
    config = space.config(found.values)
    network = hardware_of(learn(config, prepare(config), SilentProgress()).model, config)
    assert found.point.luts == count_cells(network, find_board(config.board)).lut
    path = written(tmp_path, text)
    path.write_text(f'board = "pynq-z2"\n{path.read_text(encoding="utf-8")}', encoding="utf-8")
    elsewhere = open_study(read_space(path), f"sqlite:///{tmp_path / 'other.db'}")
    search(elsewhere, read_space(path), Budget(trials=1), SilentProgress())
    assert "no open tool makes bitstreams for 'pynq-z2'" in elsewhere.trials[0].user_attrs[REASON]


@pytest.mark.usefixtures("_eager")
def test_limits_that_nothing_keeps_end_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accel.search.study.HOPELESS", 2)
    space = read_space(written(tmp_path, limits="[search.limits]\nweight_bits = 20\n"))
    study = open_study(space, f"sqlite:///{tmp_path / 'study.db'}")
    with pytest.raises(ChronogateError, match=r"weight_bits would be .* above its limit of 20"):
        search(study, space, Budget(trials=30), SilentProgress())
    front = front_of(study, space.search)
    assert (front.trials, front.pruned, front.points) == (2, 2, ())
    assert all(CURVE not in trial.user_attrs for trial in study.trials)  # nothing was trained


def test_a_trial_is_given_up_when_those_that_cost_no_more_are_ahead() -> None:
    study = optuna.create_study(directions=["minimize", "minimize"])

    def finished(curve: list[float], multipliers: int) -> None:
        trial = study.ask()
        trial.set_user_attr(CURVE, curve)
        point = {"error": curve[-1], "costs": vars(costs(multipliers=multipliers))}
        trial.set_user_attr(POINT, point)
        study.tell(trial, [curve[-1], multipliers])

    for error in (0.5, 0.6):
        finished([0.9, error], 4)
        finished([0.1, 0.1], 5)  # better, and dearer
    watch = _Watch(study.ask(), costs(multipliers=4), 2, 2)
    watch(5.0)
    watch(0.55)  # behind one of the two
    watch(0.58)
    watch = _Watch(study.ask(), costs(multipliers=4), 2, 2)
    watch(5.0)
    with pytest.raises(optuna.TrialPruned, match="after 2 epochs 2 trials"):
        watch(0.7)


@pytest.mark.parametrize(("old", "new", "words"), [
    ('vary]\n"model.hidden"', 'vary]\n"model.hiden"', "there is no key 'model.hiden'"),
    ("[[2], [3, 2]]", "[[2]]", "vary.model.hidden has fewer than two values"),
    ("low = 1, high = 4", "low = 4, high = 1", "low = 4 must be below high = 1"),
    ('["error", "multipliers", "weight_bits"]', '["error", "lut"]', "search.minimize.1"),
    ("bits\" = [4, 8]", "bits\" = [4, 80]", "'model.formats.kernel.bits' = 80"),
    ('"model.reuse.dense"', '"compress.0.sparsity"', "there is no table 0"),
])  # fmt: skip
def test_what_cannot_be_searched_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert old in SEARCH
    with pytest.raises(ChronogateError, match=words):
        read_space(written(tmp_path, SEARCH.replace(old, new)))


@pytest.mark.usefixtures("_eager")
def test_the_command_prints_the_front(tmp_path: Path) -> None:
    path = written(tmp_path)
    place = ["--folder", str(tmp_path / "s")]
    ran = CliRunner().invoke(app, ["search", str(path), "--trials", "2", "--json", *place])
    assert ran.exit_code == 0, ran.output
    front = json.loads(ran.stdout)
    assert front["trials"] == 2
    assert (tmp_path / "s" / "front.png").read_bytes()[:4] == b"\x89PNG"
    ran = CliRunner().invoke(app, ["search", str(path), "--trials", "0", *place])
    assert "the front of 2 trials" in ran.output
    ran = CliRunner().invoke(app, ["search", str(path), "--take", "0", "--folder", str(tmp_path)])
    assert ran.exit_code == 1
    assert "there is no study 'meter'" in ran.stderr
