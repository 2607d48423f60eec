"""Registers and new weights on the line: the client against the Verilated board, with noise."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from accel.device import Device, NoisyLine, SimulatedBoard
from accel.device.device import answer_seconds
from accel.device.registers import BoardRegisters
from hw.board.link import ANSWER, COUNTERS, NO_REGISTER, Frame, Kind
from hw.board.link_bridge import LinkBridgeComponent
from hw.board.slip import decode_frames
from hw.board.top import BoardTop
from hw.control.host import bit
from hw.control.map import saturation_names
from hw.control.saturation import saturation_watches
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.top.write_verilog import to_verilog
from tests.accel.streamed import reloadable_board, sliding_board, state_board
from tests.hw.drawing import draw_codes
from tests.hw.reloading import other_model

TOP = reloadable_board()
NETWORK = TOP.network
OTHERS = [other_model(NETWORK, np.random.default_rng(seed)) for seed in range(2)]
CLOCK_HZ = 1e6


def simulated(top: BoardTop, factory: pytest.TempPathFactory, name: str) -> SimulatedBoard:
    return SimulatedBoard(top, factory.getbasetemp() / name, CLOCK_HZ, "-O0")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedBoard]:
    line = simulated(TOP, tmp_path_factory, "reloadable_board")
    yield line
    line.close()


@pytest.fixture
def board(line: SimulatedBoard) -> SimulatedBoard:
    """The one board, with its own weights in use, its states and its counters cleared."""
    client = device(line)
    sample = TOP.request(samples(1)[0])
    client.serve(sample.kind, sample.body)
    client.load(NETWORK)
    client.step(samples(1)[0])
    client.registers.reset_state()
    client.registers.counters(clear=True)
    return line


def device(line: SimulatedBoard | NoisyLine, model: Network | None = None) -> Device:
    return Device(TOP, line, answer_seconds(TOP, CLOCK_HZ), model=model)


def samples(count: int, network: Network = NETWORK) -> np.ndarray:
    rng = np.random.default_rng(5)
    return draw_codes(rng, network.input_format, 1, count, network.features)[0]


def forecasts(client: Device, codes: np.ndarray) -> list[list[int]]:
    return [np.ravel(answer).tolist() for answer in client.stream(codes) if answer is not None]


def golden(model: Network, codes: np.ndarray) -> list[list[int]]:
    forecasts = model.reference(codes[np.newaxis])[0]
    return forecasts.reshape(len(forecasts), -1).tolist()


def test_weights_are_reloaded_over_a_damaged_line(board: SimulatedBoard) -> None:
    """One byte of a hundred, in both directions; no state survives from model to model."""
    line = NoisyLine(board, 0.01)
    client = device(line)
    codes = samples(60).reshape(3, 20, -1)
    banks = []
    for number, (model, part) in enumerate(zip((NETWORK, *OTHERS), codes, strict=True)):
        if number:
            client.load(model)
            client.registers.reset_state()
        assert forecasts(client, part) == golden(model, part)
        banks.append(client.bank)
    assert banks[0] == banks[2] != banks[1]
    assert len({str(golden(model, codes[0])) for model in (NETWORK, *OTHERS)}) == 3
    assert line.damaged > 20
    assert client.retries > 10
    line.rate = 0
    assert client.counters().repeated > 0


def test_a_stream_goes_on_with_the_states_of_the_model_before(board: SimulatedBoard) -> None:
    """The first forecasts after a commit are neither model's own: one state, other weights."""
    codes = samples(12)
    client = device(board)
    before = forecasts(client, codes[:6])
    client.load(OTHERS[0])
    after = forecasts(client, codes[6:])
    assert before == golden(NETWORK, codes[:6])
    assert after != golden(OTHERS[0], codes[6:])
    assert after[0] not in (golden(NETWORK, codes)[6], golden(OTHERS[0], codes)[6])


def test_counters_are_what_was_sent_over_a_damaged_line(board: SimulatedBoard) -> None:
    line = NoisyLine(board, 0.02)
    client = device(line)
    served = client.counters().served
    codes = samples(80)
    forecasts(client, codes[:30])
    first = client.registers.counters(clear=True)
    assert (first["input_beats"], first["output_beats"]) == (30, 30)
    client.registers.reset_state()
    forecasts(client, codes[30:])
    found = client.registers.counters()
    assert (found["input_beats"], found["output_beats"], found["dropped_windows"]) == (50, 50, 0)
    assert found["cycles"] > 50 * NETWORK.timing.interval_cycles
    trace = {NETWORK.input.name: codes[np.newaxis, 30:]}
    NETWORK.reference(codes[np.newaxis, 30:], trace)
    expected = {
        name: watch.reference(trace[watch.source])
        for (name, _), watch in zip(
            saturation_names(NETWORK), saturation_watches(NETWORK), strict=True
        )
    }
    assert any(expected.values())
    assert {name: found[name] for name in expected} == expected
    assert client.retries > 20
    line.rate = 0
    assert client.counters().served == served + 80


def test_a_write_that_is_sent_again_is_executed_once(board: SimulatedBoard) -> None:
    """A second commit would be refused, as the first one waits for a sample."""
    client = device(board)
    registers = client.registers
    map = registers.map
    repeated = client.counters().repeated
    commit = bit(map, "control", "commit").to_bytes(4, "little")
    body = commit + map.offset("control").to_bytes(2, "little")
    refused = bit(map, "memory_status", "refused")
    number = client.serve(Kind.WRITE, body).number
    for _ in range(3):  # The answers are lost.
        (answer,) = exchange(board, Frame(Kind.WRITE, number, body))
        assert answer is not None
        assert (answer.number, answer.body) == (number, b"\0")
    assert not registers.read("memory_status") & refused
    client.serve(Kind.WRITE, body)
    assert registers.read("memory_status") & refused
    assert client.counters().repeated == repeated + 3


def exchange(board: SimulatedBoard, frame: Frame) -> list[Frame | None]:
    board.send(frame.encode())
    return [Frame.decode(part) for part in decode_frames(board.receive(0.01))]


def test_what_is_no_access_is_not_executed(board: SimulatedBoard) -> None:
    client = device(board)
    registers = client.registers
    select = registers.map.offset("memory_select").to_bytes(2, "little")
    due = client.connect()
    number = registers.serve(Kind.READ, select).number
    one = b"\1\0\0\0" + select
    wrong = [b"", one[:5], one + b"x", one * 9]
    for body in wrong:
        assert exchange(board, Frame(Kind.WRITE, (number + 1) % 256, body)) == []
    for kind, body in ((Kind.READ, b"x"), (Kind.READ, one), (Kind.WRITE, one), (9, one)):
        # Of the number before, but another frame than was served; or none at all.
        assert exchange(board, Frame(kind, number, body)) == []
    assert client.connect().counters.refused == due.counters.refused + 8
    assert registers.read("memory_select") == 0
    registers.write(*(("memory_select", word) for word in range(20)))
    assert registers.read("memory_select") == 19
    nowhere = (1 << registers.map.address_bits).to_bytes(2, "little")
    assert registers.serve(Kind.READ, nowhere).body[0] == NO_REGISTER
    # What comes before and behind it in the frame is executed, and the response kept.
    both = registers.serve(Kind.WRITE, one[:4] + nowhere + one).body
    assert both == bytes([NO_REGISTER])
    assert registers.read("memory_select") == 1
    with pytest.raises(ChronogateError, match=r"refused to write identity \(response 2\)"):
        registers.write(("identity", 0))
    with pytest.raises(ChronogateError, match="there is no register 'nothing': use one of ident"):
        registers.read("nothing")
    with pytest.raises(ChronogateError, match="`enable` at 0 the board would take no sample"):
        registers.write(("enable", 0))
    assert forecasts(client, samples(3)) == golden(NETWORK, samples(3))


def test_a_board_tells_whose_weights_it_has(board: SimulatedBoard) -> None:
    client = device(board)
    client.load(OTHERS[0])
    with pytest.raises(ChronogateError, match="begun to use the weights loaded before"):
        client.load(OTHERS[1])
    codes = samples(4)
    with pytest.raises(ChronogateError, match=r"not with those of state .*accel stream --weights"):
        device(board).step(codes[0])
    again = device(board, OTHERS[0])
    assert forecasts(again, codes) == golden(OTHERS[0], codes)
    again.load(NETWORK)
    again.registers.reset_state()
    assert forecasts(device(board), codes) == golden(NETWORK, codes)


def test_series_begin_anew_where_the_board_cuts_windows(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """After a reset the first samples have no forecast; `bank` says of which model a window is."""
    top = sliding_board()
    network = top.network
    other = other_model(network, np.random.default_rng(3))
    line = simulated(top, tmp_path_factory, "sliding_board")
    client = Device(top, line, answer_seconds(top, CLOCK_HZ))
    codes, silent = samples(24, network), network.look_back - 1
    expected = [golden(model, codes) for model in (network, other)]
    assert silent >= 2
    answers = [client.step(row) for row in codes[:8]]
    assert [answer is None for answer in answers[: silent + 1]] == [True] * silent + [False]
    client.load(other)
    banks: list[int] = []
    for place in range(8, 16):
        answer = client.step(codes[place])
        banks.append(client.bank)
        assert np.ravel(answer).tolist() == expected[client.bank][place - silent]
    assert banks in ([0] + [1] * 7, [1] * 8)
    client.registers.reset_state()
    assert forecasts(client, codes[16:]) == golden(other, codes[16:])
    line.close()


class Plain:
    """A line to a board without registers, which says what it is."""

    def __init__(self, top: BoardTop) -> None:
        body = top.identity + bytes(2 * len(COUNTERS))
        self._answer = Frame(Kind.IDENTIFY | ANSWER, 0, body).encode()

    def send(self, line: bytes) -> None: ...
    def receive(self, seconds: float) -> bytes:
        return self._answer

    def close(self) -> None: ...


def test_what_a_design_has_not_is_refused_with_what_to_set() -> None:
    plain = state_board()
    client = Device(plain, Plain(plain), 0.1)
    wanted = r"has no registers: set `registers = true` in its TOML file, or `reloadable = true`"
    with pytest.raises(ChronogateError, match=wanted):
        client.registers.counters()
    with pytest.raises(ChronogateError, match=wanted):
        client.load(plain.network)
    counting = replace(plain, registers=True)
    assert plain.map is plain.bridge.registers is None
    assert counting.map is not None
    small, large = (
        to_verilog(LinkBridgeComponent(top.bridge), "bridge") for top in (plain, counting)
    )
    assert "axil" not in small
    assert "s_axil_awaddr" in large

    def serve(kind: int, body: bytes) -> Frame:
        raise AssertionError("nothing may be sent")

    with pytest.raises(ChronogateError, match="are constants: set `reloadable = true` under"):
        BoardRegisters(plain.network, counting.map, serve).load(plain.network)
