from typing import Any

from amaranth.hdl import Elaboratable

class FFSynchronizer(Elaboratable):
    def __init__(self, i: Any, o: Any, *, o_domain: str = ..., init: Any = ..., reset_less: bool = ..., stages: int = ...) -> None: ...

class ResetSynchronizer(Elaboratable):
    def __init__(self, arst: Any, *, domain: str = ..., stages: int = ...) -> None: ...
