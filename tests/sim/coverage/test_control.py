"""Coverage of control, told from records written by hand."""

from hw.network.mode import Mode
from sim.coverage.bins import Bin, State, counted, missing, sentence
from sim.coverage.control import (
    COMPUTING,
    FULL,
    IDLE,
    RESET,
    WAITING,
    after,
    control_bins,
    control_hits,
    places,
)
from sim.coverage.record import NEVER, BeatRecord, Record, StreamRecord
from sim.mutation.catalogue import lstm, sliding
from tests.sim.test_modes import stateful

NETWORK = lstm()
"""Windows of several beats."""

STEPS = NETWORK.look_back


def met(inputs: list[BeatRecord], outputs: list[BeatRecord], *resets: int) -> set[tuple[str, str]]:
    record = Record([StreamRecord(inputs)], [StreamRecord(outputs)], list(resets))
    return set(control_hits(NETWORK, record))


def window(begin: int, beats: int = STEPS, *, every: int = 1) -> list[BeatRecord]:
    cycles = [begin + every * k for k in range(beats)]
    return [BeatRecord(cycle, cycle, int(cycle == cycles[-1])) for cycle in cycles]


def test_every_hit_is_a_bin() -> None:
    found = met(window(10), [BeatRecord(40, 47)], 5, 60)
    assert found <= {(b.group, b.name) for b in control_bins(NETWORK)}


def test_gaps_by_length_and_place() -> None:
    assert ("s_axis", "beats offered in successive cycles") in met(window(10), [])
    assert ("s_axis", "gap of 1 cycle") in met(window(10, every=2), [])
    assert ("s_axis", "gap of 2 or 3 cycles") in met(window(10, every=4), [])
    assert ("s_axis", "gap of 4 cycles or more") in met(window(10, every=5), [])
    firsts = [*window(10), *window(10 + STEPS + 2)]
    names = {name for _, name in met(firsts, []) if name.startswith("gap before")}
    assert names == {"gap before a first beat"}


def test_no_gap_across_a_reset() -> None:
    assert ("s_axis", "gap of 4 cycles or more") not in met([*window(10), *window(90)], [], 50)


def test_stalls_by_length() -> None:
    for wait, name in (
        (0, "taken at once"),
        (1, "stall of 1 cycle"),
        (3, "stall of 2 or 3 cycles"),
    ):
        assert ("m_axis", name) in met(window(10), [BeatRecord(40, 40 + wait)])
    found = met(window(10), [BeatRecord(40, 44), BeatRecord(45, 45)])
    assert {("m_axis", "stall of a first beat"), ("m_axis", "beats in successive cycles")} <= found


def test_wrong_tlast() -> None:
    for beats, name in (
        (1, "tlast on a first beat"),
        (STEPS - 1, "tlast a beat too early"),
        (STEPS + 1, "tlast a beat too late"),
        (2 * STEPS, "tlast a window too late"),
    ):
        assert ("s_axis", name) in met(window(10, beats), [])
    assert not {name for _, name in met(window(10), []) if name.startswith("tlast")}


def test_both_sides() -> None:
    output = [BeatRecord(20, 30)]
    held = [BeatRecord(10, 10), BeatRecord(11, 31)]
    assert ("both sides", "input held back by a waiting output") in met(held, output)
    gap = [BeatRecord(10, 10), BeatRecord(25, 25)]
    assert ("both sides", "input pauses while an output waits") in met(gap, output)
    far = [BeatRecord(31, 31), BeatRecord(35, 35)]
    assert not {key for key in met(far, output) if key[0] == "both sides"}


def phases(inputs: list[BeatRecord], outputs: list[BeatRecord], reset: int) -> set[str]:
    return {name for group, name in met(inputs, outputs, 1, reset) if group == RESET}


def test_phases_of_resets() -> None:
    end = 10 + STEPS
    assert phases([], [], 40) == set()
    assert phases(window(10), [BeatRecord(40, 40)], 60) == {IDLE}
    assert phases(window(10), [], end) == {COMPUTING}
    assert phases(window(10), [BeatRecord(40, NEVER)], 60) == {WAITING, COMPUTING}
    for place in places(STEPS):
        assert phases(window(10)[:place], [], end + 5) == {after(place)}
    assert FULL in phases([*window(10), BeatRecord(end + 3, NEVER)], [], end + 9)


def test_long_windows_are_reset_at_spread_places() -> None:
    assert places(1) == []
    assert places(4) == [1, 2, 3]
    spread = places(336)
    assert (spread[0], spread[-1], len(spread)) == (1, 335, 16)


def test_what_cannot_happen_is_excluded() -> None:
    bins = {(b.group, b.name): b for b in control_bins(sliding())}
    assert bins["s_axis", "tlast a beat too late"].state is State.EXCLUDED
    streaming = stateful("lstm", 6, 3)
    assert streaming.mode is Mode.STREAMING
    assert all(b.excluded for b in control_bins(streaming) if "tlast" in b.name)


def test_missing_bins_are_named() -> None:
    bins = (Bin("m_axis", "taken at once"), Bin("layer", "tie", required=False), Bin("a", "b"))
    bins = counted(bins, {("a", "b"): 3})
    assert [b.state for b in bins] == [State.MISSING, State.NOT_REACHED, State.HIT]
    assert [b.name for b in missing(bins)] == ["taken at once"]
    assert sentence(bins) == (
        "the testbench never met 1 of its 3 coverage bins (m_axis: taken at once)"
    )
    assert not sentence(bins[1:])
