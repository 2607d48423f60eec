from collections.abc import Iterable
from typing import Any

from amaranth.hdl import Elaboratable, ShapeLike, Signal

class ReadPort:
    addr: Signal
    data: Any
    en: Signal

class WritePort:
    addr: Signal
    data: Any
    en: Signal

class Memory(Elaboratable):
    def __init__(self, *, shape: ShapeLike, depth: int, init: Iterable[Any], attrs: Any = ...) -> None: ...
    def read_port(self, *, domain: str = ..., transparent_for: Any = ...) -> ReadPort: ...
    def write_port(self, *, domain: str = ..., granularity: int | None = ...) -> WritePort: ...
