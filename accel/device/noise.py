"""A line that damages bytes, for tests."""

import random
from dataclasses import dataclass, field

from accel.device.transport import Transport


@dataclass
class NoisyLine(Transport):
    """Another line, with bytes replaced by others at random.

    Parameters
    ----------
    line
        What carries the bytes.
    rate
        How many of them are damaged, in both directions.
    seed
        Of the random numbers.
    damaged
        How many were.
    """

    line: Transport
    rate: float
    seed: int = 1
    damaged: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def send(self, line: bytes) -> None:
        """Send damaged bytes."""
        self.line.send(self._damage(line))

    def receive(self, seconds: float) -> bytes:
        """Damage what came."""
        return self._damage(self.line.receive(seconds))

    def close(self) -> None:
        """Close the line."""
        self.line.close()

    def _damage(self, line: bytes) -> bytes:
        chance = self._random.random
        hit = [place for place in range(len(line)) if chance() < self.rate]
        if not hit:
            return line
        changed = bytearray(line)
        for place in hit:
            changed[place] ^= self._random.randrange(1, 256)
        self.damaged += len(hit)
        return bytes(changed)
