"""A board as a forecaster: samples in, forecasts out, each sample exactly once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from accel.device.registers import BoardRegisters, model_tag
from accel.device.transport import Transport
from hw.board.link import ANSWER, SECOND_MODEL, SEQUENCES, Counters, Frame, Identity, Kind
from hw.board.slip import END, decode_frame
from hw.board.top import BoardTop
from hw.control.map import control_map, host_memories
from hw.errors import ChronogateError
from hw.network.graph import Network


@dataclass
class Device:
    """A network on a board, at the other end of a line.

    Parameters
    ----------
    top
        What the bitstream was made of: its codes and its times.
    transport
        The line.
    seconds
        How long an answer may take.
    attempts
        How often a frame is sent until it is given up.
    retries
        How many frames had to be sent again.
    model
        Whose weights the board computes with: by default those of the bitstream.
    bank
        Of reloadable weights: from which of the two banks the latest forecast came.
    """

    top: BoardTop
    transport: Transport
    seconds: float
    attempts: int = 20
    retries: int = 0
    model: Network | None = None
    bank: int = field(default=0, init=False)
    _identity: Identity | None = field(default=None, init=False)
    _number: int | None = field(default=None, init=False)
    _received: bytes = field(default=b"", init=False)

    def connect(self) -> Identity:
        """Ask the board what it is, and which number it serves next.

        Raises
        ------
        ChronogateError
            When nothing answers, or the board holds another network.
        """
        answer = self._ask(Frame(Kind.IDENTIFY, 0))
        identity = Identity.decode(answer.body)
        if identity.fingerprint != self.top.identity:
            raise ChronogateError(
                f"the board holds network {identity.fingerprint.hex()}, but "
                f"{self.top.network.name} is {self.top.identity.hex()}: load its bitstream "
                "(`accel bitstream` says how)"
            )
        self._number, self._identity = answer.number, identity
        return identity

    @property
    def registers(self) -> BoardRegisters:
        """The design's registers.

        Raises
        ------
        ChronogateError
            When it has none.
        """
        identity = self._identity or self.connect()
        if not identity.registers:
            raise ChronogateError(
                f"the design of {self.top.network.name} on the board has no registers: set "
                "`registers = true` in its TOML file, or `reloadable = true` under [model] for new "
                "weights, and make its bitstream again (`accel train`, `accel convert`, `accel "
                "bitstream`)"
            )
        network = self.top.network
        return BoardRegisters(network, control_map(network, host_memories(network)), self.serve)

    def load(self, model: Network) -> None:
        """Replace the weights by those of another network of the same shape.

        Samples sent from now on are computed by it; in the sliding mode, whose windows begin ahead
        of their last sample, up to one more forecast is of the old ones: `bank` tells.

        Raises
        ------
        ChronogateError
            When the design has no such weights, `model` is of another shape, or the weights loaded
            before have not been used yet.
        """
        self.registers.load(model)
        self.model = model
        self.connect()

    def step(self, codes: np.ndarray, last: bool = False) -> np.ndarray | None:
        """Have one sample served.

        Parameters
        ----------
        codes
            As `hw.board.top.BoardTop.request` takes them.
        last
            Whether a series ends with it.

        Returns
        -------
        numpy.ndarray or None
            int64 codes of the forecast, or ``None`` where a series is too short to have one.

        Raises
        ------
        ChronogateError
            When no answer comes, or the codes do not fit the network.
        """
        identity = self._identity or self.connect()
        model = self.model or self.top.network
        if identity.model and identity.model != model_tag(model):
            raise ChronogateError(
                f"the board computes with weights {identity.model.hex()}, not with those of "
                f"{model.name} ({model_tag(model).hex()}): load them (`Device.load`, `accel stream "
                "--weights`)"
            )
        frame = self.top.request(codes, last=last)
        answer = self.serve(frame.kind, frame.body)
        if not answer.body:
            return None
        self.bank = int(bool(answer.kind & SECOND_MODEL))
        return self.top.response(answer.body)

    def serve(self, kind: int, body: bytes) -> Frame:
        """Have a frame served, once, and return the answer.

        Raises
        ------
        ChronogateError
            When no answer comes.
        """
        if self._number is None:
            self.connect()
        assert self._number is not None
        answer = self._ask(Frame(kind, self._number, body))
        self._number = (self._number + 1) % SEQUENCES
        return answer

    def stream(self, samples: Iterable[np.ndarray]) -> Iterator[np.ndarray | None]:
        """Have samples served one after the other."""
        for codes in samples:
            yield self.step(codes)

    def counters(self) -> Counters:
        """Return what the board has counted."""
        return self.connect().counters

    def close(self) -> None:
        """Give the line free."""
        self.transport.close()

    def _ask(self, frame: Frame) -> Frame:
        line = frame.encode()
        for attempt in range(self.attempts):
            # END closes what noise may have left open on the board.
            self.transport.send(bytes([END]) + line if attempt else line)
            answer = self._await(frame)
            if answer is not None:
                return answer
            self.retries += 1
        raise ChronogateError(
            f"the board gave no answer in {self.attempts} attempts: check the port, the baud rate "
            "and that its bitstream is loaded"
        )

    def _await(self, frame: Frame) -> Frame | None:
        while data := self.transport.receive(self.seconds):
            *closed, self._received = (self._received + data).split(bytes([END]))
            for part in closed:
                answer = _decode(part)
                if answer is not None and _answers(answer, frame):
                    return answer
        return None


def answer_seconds(top: BoardTop, clock_hz: float, slack: float = 0.0) -> float:
    """Return how long an answer takes at most: computing, and every byte of it escaped.

    Parameters
    ----------
    top
        The board.
    clock_hz
        Its clock.
    slack
        What else lies in between, as a USB bridge.
    """
    bridge, timing = top.bridge, top.network.timing
    cycles = timing.window_cycles + 3 * bridge.sample_bytes + 99
    return (cycles + bridge.response_cycles(bridge.response_bytes + 99)) / clock_hz + slack


def _decode(part: bytes) -> Frame | None:
    try:
        return Frame.decode(decode_frame(part))
    except ChronogateError:  # Noise has made or broken an escape.
        return None


def _answers(answer: Frame, frame: Frame) -> bool:
    same = answer.number == frame.number or frame.kind == Kind.IDENTIFY
    return answer.kind & ~SECOND_MODEL == frame.kind | ANSWER and same
