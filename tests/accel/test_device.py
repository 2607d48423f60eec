"""The host's client against the Verilated board top, from UART pin to UART pin, with noise."""

from collections.abc import Iterator

import numpy as np
import pytest

from accel.device import Device, NoisyLine, SimulatedBoard
from accel.device.device import answer_seconds
from hw.board.link import Counters
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.errors import ChronogateError
from tests.accel.streamed import state_board
from tests.hw.drawing import draw_codes, draw_network

SAMPLES = 300
TOP = state_board()
NETWORK = TOP.network
CLOCK_HZ = 1e6


@pytest.fixture
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedBoard]:
    folder = tmp_path_factory.getbasetemp() / "board"
    line = SimulatedBoard(TOP, folder, CLOCK_HZ, "-O0")
    yield line
    line.close()


def samples(count: int = SAMPLES) -> np.ndarray:
    rng = np.random.default_rng(5)
    return draw_codes(rng, NETWORK.input_format, 1, count, NETWORK.features)


def device(line: SimulatedBoard | NoisyLine) -> Device:
    return Device(TOP, line, answer_seconds(TOP, CLOCK_HZ))


def test_forecasts_are_the_golden_models(board: SimulatedBoard) -> None:
    codes = samples(40)
    client = device(board)
    assert client.connect().counters == Counters(0, 0, 0, 0)
    answers = list(client.stream(codes[0]))
    assert np.array_equal(np.stack(answers), NETWORK.reference(codes)[0].reshape(40, -1))
    assert client.counters() == Counters(40, 0, 0, 0)
    assert client.retries == 0


def test_noise_neither_loses_nor_repeats_a_sample(board: SimulatedBoard) -> None:
    """Every twentieth byte damaged, in both directions; a state that steps twice would show."""
    codes = samples()
    line = NoisyLine(board, 0.05)
    client = device(line)
    answers = list(client.stream(codes[0]))
    assert np.array_equal(np.stack(answers), NETWORK.reference(codes)[0].reshape(SAMPLES, -1))
    assert line.damaged > 100
    assert client.retries > 50
    line.rate = 0
    counters = client.counters()
    assert counters.served == SAMPLES
    assert counters.repeated > 10
    assert counters.refused > 10


def test_a_host_that_starts_anew_goes_on_where_the_board_is(board: SimulatedBoard) -> None:
    codes = samples(20)
    expected = NETWORK.reference(codes)[0].reshape(20, -1)
    first = [device(board).step(sample) for sample in codes[0, :1]]
    second = list(device(board).stream(codes[0, 1:]))
    assert np.array_equal(np.stack([*first, *second]), expected)


def test_another_network_is_refused(board: SimulatedBoard) -> None:
    other = BoardTop(draw_network(2, "mlp"), Uart(4))
    with pytest.raises(ChronogateError, match=r"holds network .* load its bitstream"):
        Device(other, board, answer_seconds(TOP, CLOCK_HZ)).connect()


def test_a_dead_line_is_given_up() -> None:
    class Dead:
        def send(self, line: bytes) -> None: ...
        def receive(self, seconds: float) -> bytes:
            return b""

        def close(self) -> None: ...

    with pytest.raises(ChronogateError, match="no answer in 20 attempts"):
        Device(TOP, Dead(), 0.1).connect()
