"""A host that loads models into the simulated RTL through its registers (docs/control.md)."""

from hw.control.map import control_map, host_memories
from hw.control.reload import model_writes, shape_fingerprint
from hw.errors import ChronogateError
from hw.network.graph import Network
from sim.rtl_model import RtlModel

COMMIT = 1 << 3
WRITE = 1 << 31
BUSY, PENDING, REFUSED = (1 << bit for bit in range(3))
PATIENCE = 10_000
"""Reads of the status before a design is said to hang."""


class Host:
    """Loads models into a design with registers.

    Parameters
    ----------
    rtl
        The simulation, of Verilog with ``control=True``.
    network
        What the design was made from.
    """

    def __init__(self, rtl: RtlModel, network: Network) -> None:
        self._rtl, self._network = rtl, network
        self._registers = control_map(network, host_memories(network))

    def load(self, model: Network) -> None:
        """Replace all weights that can be; windows that begin from now on are the new model's.

        Raises
        ------
        ChronogateError
            When the model is of another shape, or the design refuses it.
        """
        hashes = "".join(f"{self._read(f'shape_hash{i}'):08x}" for i in range(4))
        if hashes != shape_fingerprint(model)[: len(hashes)]:
            raise ChronogateError(
                f"{model.name} is not of the shape of the design {self._network.name}: load a "
                "model that differs in its weights only"
            )
        for word in model_writes(self._network, model):
            self._write("memory_select", word.memory)
            self._write("memory_data_low", word.data & 0xFFFFFFFF)
            if word.data >> 32:
                self._write("memory_data_high", word.data >> 32)
            self._write("memory_command", WRITE | word.address)
            self._wait(BUSY)
        self._wait(PENDING)
        self._write("control", COMMIT)
        if self._read("memory_status") & REFUSED:
            raise ChronogateError(f"the design {self._network.name} refused the model {model.name}")

    def _wait(self, bit: int) -> None:
        for _ in range(PATIENCE):
            if not self._read("memory_status") & bit:
                return
        raise ChronogateError(f"the design {self._network.name} stays busy: it takes no new model")

    def _read(self, name: str) -> int:
        return self._rtl.read_register(self._registers.offset(name))

    def _write(self, name: str, word: int) -> None:
        self._rtl.write_register(self._registers.offset(name), word)
