"""The C interface of a built simulation (``rtl_model.cpp``)."""

import ctypes
from pathlib import Path

from hw.errors import ChronogateError
from sim.streams import CStream

FOREVER = 2**63 - 1
"""Cycles at most, where a run ends by itself."""


class RunResult(ctypes.Structure):
    """``Result`` of ``rtl_streams.h``."""

    _fields_ = [(name, ctypes.c_int64) for name in ("status", "stream", "cycles", "stalls", "gaps")]

    status: int
    stream: int
    cycles: int
    stalls: int
    gaps: int


def load_library(library: Path) -> ctypes.CDLL:
    """Load a library that `build_library` has built.

    Raises
    ------
    ChronogateError
        When it cannot be loaded.
    """
    try:
        functions = ctypes.CDLL(str(library))
    except OSError as error:
        raise ChronogateError(
            f"the built simulation cannot be loaded ({error}): remove "
            f"{library.parent} and try again"
        ) from None
    functions.model_open.restype = ctypes.c_void_p
    for function in (functions.model_close, functions.model_reset, functions.model_dropped):
        function.argtypes = [ctypes.c_void_p]
    functions.model_dropped.restype = ctypes.c_int64
    pointer, integer = ctypes.c_void_p, ctypes.c_int64
    functions.model_register.argtypes = [pointer, integer, integer, integer]
    functions.model_register.restype = integer
    functions.model_run.argtypes = [
        pointer, ctypes.POINTER(CStream), ctypes.POINTER(CStream), ctypes.c_uint32,
        ctypes.c_uint32, ctypes.c_uint64, integer, integer, integer,
    ]  # fmt: skip
    functions.model_run.restype = RunResult
    return functions
