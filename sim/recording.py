"""The RTL in this process with a waveform beside it."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hw.errors import ChronogateError
from hw.network.design import Design
from sim.rtl_model import RtlModel
from sim.verilated import TRACED


class RecordingModel(RtlModel):
    """An `RtlModel` that can write down what its signals do.

    It is a build of its own, several times slower than the other one while it records.

    Parameters
    ----------
    network
        The design.
    folder
        Where the library is built, or found if its content is unchanged.
    """

    def __init__(self, network: Design, folder: Path) -> None:
        super().__init__(network, folder, further=TRACED)
        self._functions.model_record.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self._functions.model_record.restype = ctypes.c_int64

    @contextmanager
    def record(self, wave: Path) -> Iterator[None]:
        """Write all that happens within the block into a VCD file.

        Two units of its time are a cycle, which begins with the falling edge of the clock, so that
        cycle k after a reset rises at ``2 * k + 1`` where the block begins right behind the reset.

        Raises
        ------
        ChronogateError
            When the file cannot be written.
        """
        if not self._functions.model_record(self._open_model(), str(wave).encode()):
            raise ChronogateError(f"the waveform {wave} cannot be written: name another file")
        try:
            yield
        finally:
            self._functions.model_record(self._open_model(), b"")
