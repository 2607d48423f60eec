"""A host that loads models into the simulated RTL through its registers (docs/control.md)."""

from hw.control.host import RegisterWrite, check_committed, commit, write_model
from hw.control.map import control_map, host_memories
from hw.network.graph import Network
from sim.rtl_model import RtlModel


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
        write_model(self, self._registers, self._network, model)
        self.write(commit(self._registers))
        check_committed(self, self._registers, self._network)

    def read(self, name: str) -> int:
        """Return the word of a register."""
        return self._rtl.read_register(self._registers.offset(name))

    def write(self, *writes: RegisterWrite) -> None:
        """Write registers in this order."""
        for name, word in writes:
            self._rtl.write_register(self._registers.offset(name), word)
