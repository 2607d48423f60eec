"""Files for builders of SoCs: files exist, every port is connected, C compiles and agrees."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml

from accel.projects.soc import soc_files
from hw.control.map import control_map, host_memories
from hw.top.dma import DmaFormat
from tests.accel.projects.recorder import module_ports
from tests.accel.projects.writing import NETWORK
from tests.hw.drawing import draw_codes

_WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("soc")
    for name, text in soc_files(NETWORK).items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(text)
    return made


def test_the_core_file(folder: Path) -> None:
    text = (folder / "chronogate.core").read_text()
    assert text.startswith("CAPI=2:\n")
    core = yaml.safe_load(text.removeprefix("CAPI=2:\n"))
    assert re.fullmatch(r"\w+:\w+:\w+:\d+\.\d+\.\d+", core["name"])
    for fileset in core["filesets"].values():
        for file in fileset["files"]:
            assert (folder / (file if isinstance(file, str) else next(iter(file)))).is_file()
    for target in core["targets"].values():
        assert set(target["filesets"]) <= set(core["filesets"])
        module_ports((folder / "rtl/accelerator_dma.v").read_text(), target["toplevel"])


class Anything:
    """Stands for whatever LiteX and Migen offer; remembers what it was asked for."""

    def __init__(self, *words: object, **named: object) -> None:
        self.words, self.named = words, named

    def __getattr__(self, name: str) -> "Anything":
        return Anything()

    def __getitem__(self, key: object) -> "Anything":
        return Anything()

    def __invert__(self) -> "Anything":
        return Anything()


class Platform:
    def __init__(self) -> None:
        self.sources: list[str] = []

    def add_source(self, path: str) -> None:
        self.sources.append(path)


def instance(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Anything:
    """Build the LiteX module beside packages that are played; return its instance."""
    for name in ("litex", "litex.soc", "litex.soc.interconnect", "migen"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    vars(sys.modules["litex.soc.interconnect"]).update(axi=Anything(), stream=Anything())
    vars(sys.modules["litex.soc.interconnect"])["axi"].AXILiteInterface = Anything
    vars(sys.modules["litex.soc.interconnect"])["stream"].Endpoint = Anything
    made: list[Anything] = []

    class Specials:
        def __iadd__(self, special: Anything) -> "Specials":
            made.append(special)
            return self

    class Module:
        specials = Specials()

    vars(sys.modules["migen"]).update(
        ClockSignal=Anything, ResetSignal=Anything, Instance=Anything, Module=Module
    )
    file = folder / "chronogate_litex.py"
    scope: dict[str, object] = {"__file__": str(file), "__name__": "chronogate_litex"}
    exec(compile(file.read_text(), str(file), "exec"), scope)
    platform = Platform()
    module = scope["Chronogate"]
    assert callable(module)
    module(platform)
    assert all(Path(source).is_file() for source in platform.sources)
    assert scope["WINDOW_BYTES"] == DmaFormat(NETWORK.input).packet_bytes
    return made[0]


def test_the_litex_module_connects_every_port(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = instance(folder, monkeypatch)
    [module] = found.words
    ports = module_ports((folder / "rtl/accelerator_dma.v").read_text(), str(module))
    expected = {f"{'o' if port.output else 'i'}_{name}" for name, port in ports.items()}
    # All its bytes are there, always.
    assert set(found.named) == expected - {"o_m_axis_tkeep"}


def test_the_drivers_compile(folder: Path) -> None:
    for name in ("bare_metal", "linux_uio"):
        options = (*_WARNINGS, "-c", f"{name}.c", "-o", f"{name}.o")
        define = ("-D_DEFAULT_SOURCE",) if name == "linux_uio" else ()
        done = subprocess.run(
            ["gcc", *define, *options],
            cwd=folder / "sw",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_a_planted_error_in_the_driver_is_noticed(folder: Path) -> None:
    header = (folder / "sw/chronogate.h").read_text()
    broken = header.replace("CHRONOGATE_DROPPED_WINDOWS_OFFSET", "CHRONOGATE_DROPPED_OFFSET")
    (folder / "broken").mkdir()
    (folder / "broken/chronogate.h").write_text(broken)
    (folder / "broken/chronogate_driver.h").write_text(
        (folder / "sw/chronogate_driver.h").read_text()
    )
    command = ["gcc", "-std=c99", "-fsyntax-only", "-Ibroken", "-x", "c", "-"]
    done = subprocess.run(
        command, cwd=folder, input='#include "chronogate_driver.h"\n', text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert "DROPPED_WINDOWS_OFFSET" in done.stderr


def test_the_driver_lays_out_what_the_top_takes(folder: Path) -> None:
    """A program of the driver against the golden model's layout, and the registers' constants."""
    rng = np.random.default_rng(2)
    codes = draw_codes(rng, NETWORK.input_format, NETWORK.look_back, NETWORK.features)
    [forecast] = NETWORK.reference(codes[np.newaxis])
    registers = control_map(NETWORK, host_memories(NETWORK))
    words = [0] * (registers.size // 4)
    for offset, register in registers.placed:
        words[offset // 4] = sum(field.reset << field.lsb for field in register.fields)
    packet = DmaFormat(NETWORK.output).pack(forecast)
    program = f"""
#include <stdio.h>
#include "chronogate_driver.h"
static uint32_t registers[] = {{{", ".join(map(str, words))}}};
static const int64_t codes[] = {{{", ".join(map(str, codes.reshape(-1)))}}};
static const uint8_t packet[] = {{{", ".join(map(str, packet))}}};
int main(void)
{{
    uint8_t window[CHRONOGATE_WINDOW_BYTES];
    int64_t values[CHRONOGATE_FORECAST_BEATS * CHRONOGATE_VALUES];
    chronogate_pack(window, codes);
    chronogate_unpack(values, packet);
    printf("[%d", chronogate_check(registers));
    registers[CHRONOGATE_NETWORK_HASH1_OFFSET / 4] ^= 1;
    printf(", %d", chronogate_check(registers));
    chronogate_reset(registers);
    printf(", %u], [", (unsigned)registers[CHRONOGATE_CONTROL_OFFSET / 4]);
    for (size_t k = 0; k < sizeof window; k++) printf("%s%d", k ? ", " : "", window[k]);
    printf("], [");
    for (size_t k = 0; k < sizeof values / 8; k++) {{
        printf("%s%lld", k ? ", " : "", (long long)values[k]);
    }}
    puts("]");
}}
"""
    (folder / "sw/try.c").write_text(program)
    subprocess.run(["gcc", "-std=c99", "try.c", "-o", "try"], cwd=folder / "sw", check=True)
    output = subprocess.run([folder / "sw/try"], capture_output=True, text=True, check=True).stdout
    checks, window, values = json.loads(f"[{output}]")
    assert checks[:2] == [0, -2]
    assert checks[2] != 0
    assert bytes(window) == DmaFormat(NETWORK.input).pack(codes)
    assert values == forecast.reshape(-1).tolist()
