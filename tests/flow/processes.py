"""Commands in processes of their own, and a converted run for them."""

import subprocess
import sys
import time
from pathlib import Path

from accel.runs.json_files import write_json
from accel.runs.records import Agreement, Conversion
from hw.network.graph import Network
from hw.network.serialization import fingerprint, save_network
from hw.top.axi import accelerator_verilog

PATIENCE = 300.0
"""Seconds after which a command that should be somewhere is taken to hang."""

# As at a prompt: pytest may have been started with Ctrl-C ignored, which children inherit.
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from accel.cli import main
main()
"""

# No file may grow beyond 16 kB: writing fails as on a full disk, by EFBIG instead of ENOSPC.
FULL_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 10, 16 << 10))
from accel.cli import main
main()
"""

# Root may write anywhere; it is taken from what is executed next (PR_CAPBSET_DROP, 24, of
# linux/prctl.h; CAP_DAC_OVERRIDE, 1, of linux/capability.h).
AS_A_USER = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-c", {PROGRAM!r}, *sys.argv[1:]])
"""


def start(*arguments: str | Path, program: str = PROGRAM) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    command = [sys.executable, "-c", program, *(str(argument) for argument in arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def converted(folder: Path, network: Network) -> Path:
    """Write a run as `accel convert` leaves it."""
    folder.mkdir()
    save_network(network, folder)
    (folder / "rtl").mkdir()
    (folder / "rtl" / "accelerator.v").write_text(accelerator_verilog(network), encoding="utf-8")
    agreement = Agreement(1000, 1000 * network.outputs_per_window, 0)
    write_json(
        folder / "conversion.json", Conversion(fingerprint(network), 1, agreement, 0, "a test")
    )
    return folder


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a step has begun."""
    until = time.monotonic() + PATIENCE
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, f"{path.name} never came"
        time.sleep(0.01)


def hidden(run: Path) -> set[str]:
    """Return what a run must not keep."""
    return {path.name for path in run.glob(".*")} - {".lock"}


def sentence(error: str) -> str:
    """Return the one line that is not progress."""
    assert "Traceback" not in error
    (found,) = [line for line in error.splitlines() if line.startswith("error: ")]
    return found
