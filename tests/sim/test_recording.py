"""Waveforms of the RTL in this process, and what is read of them."""

from pathlib import Path

import numpy as np
import pytest

from accel.report.waves import Lane, wave_figure
from hw import Dense, FixedPoint, Network, Node, Port
from hw.errors import ChronogateError
from sim.recording import RecordingModel
from sim.rtl_run import RtlRun
from sim.vcd import Signal, count_toggles, read_signals, signal_names

FORMAT = FixedPoint(6, 2)
KERNEL = np.array([[3, -2], [5, 7], [-1, 4]])
DENSE = Dense(KERNEL, np.array([1, -1]), FORMAT, FORMAT, FORMAT, reuse=3, steps=4)
NETWORK = Network("small", (Port("x", 3, FORMAT, 4),), (Node("dense", DENSE, ("x",)),), ("dense",))
CODES = np.random.default_rng(0).integers(-32, 32, (2, 4, 3))

Recorded = tuple[Path, RtlRun]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recorded")
    with RecordingModel(NETWORK, folder / "build") as model:
        model.run(CODES[:1])  # before the recording: not in it
        model.reset()
        with model.record(folder / "run.vcd"):
            run = model.run(CODES)
        model.run(CODES[:1])
        with pytest.raises(ChronogateError, match="cannot be written"), model.record(folder):
            pass
    return folder / "run.vcd", run


def test_what_is_recorded_is_what_ran(recorded: Recorded) -> None:
    """Every input beat stands on the pins right before the rising edge of its cycle."""
    wave, run = recorded
    assert (run.outputs == NETWORK.reference(CODES)).all()
    names = [f"TOP.s_axis_{end}" for end in ("tvalid", "tready", "tdata", "tlast")]
    valid, ready, data, last = (read_signals(wave, names)[name] for name in names)
    cycles = np.arange(run.cycles)
    moved = valid.at(2 * cycles).astype(bool) & ready.at(2 * cycles).astype(bool)
    assert cycles[moved].tolist() == run.input_beats.tolist()
    beats = 2 * run.input_beats
    sent = sum(int(c) % 256 << (8 * k) for k, c in enumerate(CODES[0, 0]))
    assert data.width == 24
    assert data.at(beats)[0] == sent
    assert last.at(beats).tolist() == [0, 0, 0, 1] * 2


def test_the_toggles_are_those_of_the_values(recorded: Recorded) -> None:
    wave, _ = recorded
    counted = {".".join((*each.scopes, each.name)): each for each in count_toggles(wave)}
    data = read_signals(wave, {"TOP.s_axis_tdata"})["TOP.s_axis_tdata"]
    pairs = zip(data.values[:-1], data.values[1:], strict=True)
    assert counted["TOP.s_axis_tdata"].count == sum((a ^ b).bit_count() for a, b in pairs) > 0
    clock = counted["TOP.aclk"].count
    assert clock == read_signals(wave, {"TOP.aclk"})["TOP.aclk"].times[-1]
    # Names of one signal are counted once.
    assert len(counted) < len(signal_names(wave))


def test_a_wave_is_drawn(recorded: Recorded) -> None:
    wave, run = recorded
    lanes = {"last": "TOP.s_axis_tlast", "x1": Lane("TOP.s_axis_tdata", FORMAT, low=8)}
    figure = wave_figure(wave, lanes, 0, run.cycles)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["last", "x1"]
    drawn = [text.get_text() for text in axes.texts]
    assert drawn[:3] == [str(code) for code in CODES[0, :3, 1]]
    with pytest.raises(ChronogateError, match=r"has no signal TOP\.nothing"):
        wave_figure(wave, {"x": "TOP.nothing"}, 0, 9)
    with pytest.raises(ChronogateError, match="are no time"):
        wave_figure(wave, lanes, 9, 9)


def test_a_change_counts_from_its_own_time_on() -> None:
    signal = Signal("x", 1, (2, 4, 6), (0, 1, 0))
    assert signal.at(np.array([0, 2, 3, 4, 5, 6, 9])).tolist() == [0, 0, 0, 1, 1, 0, 0]


def test_what_is_no_waveform_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.vcd").write_text("$var wire 1 ! clk $end\n")
    with pytest.raises(ChronogateError, match="no whole waveform"):
        signal_names(tmp_path / "a.vcd")
