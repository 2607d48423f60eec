"""The registers of a design on a board: counters, commands, new weights."""

from collections.abc import Callable
from dataclasses import dataclass

from hw.board.link import (
    ADDRESS_BYTES,
    MODEL_ADDRESS,
    MODEL_BYTES,
    OKAY,
    WORD_BYTES,
    WRITES,
    Frame,
    Kind,
)
from hw.control.host import RegisterWrite, bit, check_committed, commit, write_model
from hw.control.map import COUNTERS, HALVES, moved_names, saturation_names
from hw.control.registers import RegisterMap
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.serialization import fingerprint

PATIENCE = 100
"""Reads of the status before a design is said to be busy: a word is written within one of them."""


def model_tag(model: Network) -> bytes:
    """Return what a board is told of the network whose weights it is given."""
    return bytes.fromhex(fingerprint(model))[:MODEL_BYTES]


@dataclass(frozen=True)
class BoardRegisters:
    """The registers behind a line; made by `accel.device.device.Device.registers`.

    Parameters
    ----------
    network
        What the design was made from.
    map
        What there is.
    serve
        Has a frame of a kind and a body served, once.
    """

    network: Network
    map: RegisterMap
    serve: Callable[[int, bytes], Frame]

    def read(self, name: str) -> int:
        """Return the word of a register.

        Raises
        ------
        ChronogateError
            When there is none of the name.
        """
        answer = self.serve(Kind.READ, self._address(name)).body
        self._check(answer, "read", name)
        return int.from_bytes(answer[1 : 1 + WORD_BYTES], "little")

    def write(self, *writes: RegisterWrite) -> None:
        """Write registers in this order, each once.

        Raises
        ------
        ChronogateError
            When there is none of a name, it cannot be written, or the board would answer no more.
        """
        for start in range(0, len(writes), WRITES):
            part = writes[start : start + WRITES]
            names = ", ".join(name for name, _ in part)
            body = b"".join(_word(name, word) + self._address(name) for name, word in part)
            self._check(self.serve(Kind.WRITE, body).body, "write", names)

    def counters(self, clear: bool = False) -> dict[str, int]:
        """Return what the design has counted, all of one moment, by name.

        Cycles, beats, cycles in which a forecast waited, saturated beats of each layer, dropped
        windows.

        Parameters
        ----------
        clear
            Let all but the dropped windows begin anew; no event is lost or counted twice.
        """
        fields = ("latch", "clear") if clear else ("latch",)
        self.write(("control", sum(bit(self.map, "control", field) for field in fields)))
        wide = [*COUNTERS, *(name for name, _ in moved_names(self.network))]
        found = {
            name: sum(
                self.read(f"{name}_{half}") << 32 * place for place, (half, _) in enumerate(HALVES)
            )
            for name in wide
        }
        narrow = [name for name, _ in saturation_names(self.network)]
        return found | {name: self.read(name) for name in (*narrow, "dropped_windows")}

    def reset_state(self) -> None:
        """Let every series begin anew, as after a reset."""
        self.write(("control", bit(self.map, "control", "reset_state")))

    def load(self, model: Network) -> None:
        """Replace the weights; windows that begin from now on are computed by `model`.

        Raises
        ------
        ChronogateError
            As `accel.device.device.Device.load`.
        """
        if not self.network.reloadable:
            raise ChronogateError(
                f"the weights of {self.network.name} on the board are constants: set `reloadable = "
                "true` under [model] in its TOML file, and make its bitstream again (`accel "
                "train`, `accel convert`, `accel bitstream`)"
            )
        write_model(self, self.map, self.network, model, WRITES, PATIENCE)
        name, word = commit(self.map)
        # In one frame: whatever becomes of the host, the board never has one without the other.
        note = model_tag(model) + MODEL_ADDRESS.to_bytes(ADDRESS_BYTES, "little")
        body = note + _word(name, word) + self._address(name)
        self._check(self.serve(Kind.WRITE, body).body, "write", name)
        check_committed(self, self.map, self.network)

    def _address(self, name: str) -> bytes:
        if not any(register.name == name for register in self.map.registers):
            names = ", ".join(register.name for register in self.map.registers)
            raise ChronogateError(f"there is no register {name!r}: use one of {names}")
        return self.map.offset(name).to_bytes(ADDRESS_BYTES, "little")

    def _check(self, answer: bytes, access: str, names: str) -> None:
        if answer[0] != OKAY:
            raise ChronogateError(
                f"the board refused to {access} {names} (response {answer[0]}): load the bitstream "
                f"of {self.network.name} again"
            )


def _word(name: str, word: int) -> bytes:
    if name == "enable" and not word & 1:
        raise ChronogateError(
            "with `enable` at 0 the board would take no sample and never answer again: leave it "
            "at 1, between two frames nothing is under way"
        )
    return word.to_bytes(WORD_BYTES, "little")
