"""Registers and new weights on the line: the client against the Verilated board, with noise."""

from collections.abc import Iterator

import numpy as np
import pytest

from accel.device import Device, NoisyLine, SimulatedBoard
from accel.device.device import answer_seconds
from hw.board.link import ADDRESS_BYTES, ANSWER, Frame, Identity, Kind
from hw.board.slip import decode_frames
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.control.saturation import saturation_watches
from hw.errors import ChronogateError
from hw.network.graph import Network
from tests.accel.streamed import reloadable_board, state_board
from tests.hw.drawing import draw_codes, draw_network
from tests.hw.reloading import other_model

TOP = reloadable_board()
NETWORK = TOP.network
CLOCK_HZ = 1e6


@pytest.fixture
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedBoard]:
    line = SimulatedBoard(TOP, tmp_path_factory.getbasetemp() / "registers", CLOCK_HZ)
    yield line
    line.close()


def device(line: SimulatedBoard | NoisyLine, model: Network | None = None) -> Device:
    return Device(TOP, line, answer_seconds(TOP, CLOCK_HZ), model=model)


def samples(count: int, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return draw_codes(rng, NETWORK.input_format, 1, count, NETWORK.features)[0]


def forecasts(client: Device, codes: np.ndarray) -> list[list[int]]:
    return [np.ravel(answer).tolist() for answer in client.stream(codes) if answer is not None]


def golden(model: Network, codes: np.ndarray) -> list[list[int]]:
    return model.reference(codes[None])[0].reshape(len(codes), -1).tolist()


def test_weights_are_reloaded_over_a_damaged_line(board: SimulatedBoard) -> None:
    """One byte of a hundred in both directions; each model begins with states of its own."""
    line = NoisyLine(board, 0.01)
    client = device(line)
    codes = samples(60)
    models = [NETWORK] + [other_model(NETWORK, np.random.default_rng(n)) for n in range(2)]
    for number, model in enumerate(models):
        if number:
            client.load(model)
            client.registers.reset_state()
        part = codes[20 * number : 20 * number + 20]
        assert forecasts(client, part) == golden(model, part)
        assert client.bank == number % 2
    assert len({str(golden(model, codes[:20])) for model in models}) == 3
    assert line.damaged > 20
    assert client.retries > 10
