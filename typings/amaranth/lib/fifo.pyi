from typing import Any

from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib.stream import Interface

class FIFOInterface:
    width: int
    depth: int
    w_data: Signal
    w_rdy: Signal
    w_en: Signal
    w_level: Signal
    r_data: Signal
    r_rdy: Signal
    r_en: Signal
    r_level: Signal
    level: Signal
    r_stream: Interface
    w_stream: Interface
    def __init__(self, *, width: int, depth: int) -> None: ...

class SyncFIFO(Elaboratable, FIFOInterface):
    def elaborate(self, platform: Any) -> Module: ...

class SyncFIFOBuffered(Elaboratable, FIFOInterface): ...
