"""The PYNQ driver against a DMA engine that is played by the golden model."""

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hw.control.map import control_map, host_memories
from tests.accel.projects.writing import NETWORK, files_of, write
from tests.hw.drawing import draw_codes


class Buffer(np.ndarray):
    """What `pynq.allocate` returns."""

    def flush(self) -> None: ...

    def invalidate(self) -> None: ...


def allocate(shape: tuple[int, ...], dtype: type) -> Buffer:
    return np.full(shape, 0xA5, dtype).view(Buffer)


class Dma:
    """Both channels: reads each value by itself, another way than the driver writes it."""

    def __init__(self, design: dict) -> None:
        self.sendchannel = self.recvchannel = self
        self._design, self._buffers = design, []

    def transfer(self, buffer: Buffer) -> None:
        self._buffers.append(buffer)

    def wait(self) -> None:
        if len(self._buffers) < 2:
            return
        taken, given = self._buffers
        self._buffers = []
        layout = self._design["input"]
        size, signed = layout["value_bytes"], layout["signed"]
        codes = [
            [
                int.from_bytes(bytes(row[size * k : size * (k + 1)]), "little", signed=signed)
                for k in range(layout["values"])
            ]
            for row in given
        ]
        assert not given[:, size * layout["values"] :].any()
        [forecast] = NETWORK.reference(np.array([codes]))
        size = self._design["output"]["value_bytes"]
        raw = b"".join(int(c).to_bytes(size, "little", signed=c < 0) for c in forecast)
        taken.reshape(-1)[: len(raw)] = np.frombuffer(raw, np.uint8)


class Registers:
    """The accelerator's constants."""

    def __init__(self, wrong: bool = False) -> None:
        registers = control_map(NETWORK, host_memories(NETWORK))
        self._words = {offset: r.fields[0].reset for offset, r in registers.placed}
        self._words[registers.offset("network_hash0")] ^= wrong

    def read(self, offset: int) -> int:
        return self._words[offset]


@pytest.fixture
def driver() -> ModuleType:
    module = ModuleType("chronogate_pynq")
    exec(compile(files_of("pynq-z2")["pynq/chronogate_pynq.py"], "driver", "exec"), vars(module))
    return module


def test_the_driver(driver: ModuleType) -> None:
    design = json.loads(files_of("pynq-z2")["pynq/design.json"])
    forecaster = driver.Forecaster(Registers(), Dma(design), allocate, design)
    assert driver.self_test(forecaster, design) == 0
    rng = np.random.default_rng(3)
    shape = (20, NETWORK.look_back, NETWORK.features)
    codes = draw_codes(rng, NETWORK.input_format, *shape)
    expected = NETWORK.reference(codes)
    assert (forecaster.forecast(codes) == expected).all()
    fraction = NETWORK.output.format.fraction
    assert (forecaster.to_values(expected) * 2.0**fraction == expected).all()
    assert forecaster.dropped_windows() == 0
    design["golden"]["forecasts"][3][0] += 1
    assert driver.self_test(forecaster, design) == 1


def test_a_foreign_bitstream_is_refused(driver: ModuleType) -> None:
    design = json.loads(files_of("pynq-z2")["pynq/design.json"])
    with pytest.raises(RuntimeError, match="network_hash0 is"):
        driver.Forecaster(Registers(wrong=True), Dma(design), allocate, design)


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cell by cell, beside a package `pynq` that is played as well."""
    folder = write("pynq-z2", tmp_path) / "pynq"
    design = json.loads((folder / "design.json").read_text())
    pynq = ModuleType("pynq")
    overlay = ModuleType("overlay")
    vars(overlay).update(accelerator=Registers(), dma=Dma(design))
    vars(pynq).update(Overlay=lambda name: overlay, allocate=allocate)
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.chdir(folder)
    notebook = json.loads((folder / "forecast.ipynb").read_text())
    scope: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), scope)
    assert scope["differences"] == 0
    sys.modules.pop("chronogate_pynq", None)
