from typing import Any

from amaranth.hdl import ShapeLike, Signal
from amaranth.lib import wiring

class Signature(wiring.Signature):
    def __init__(
        self,
        payload_shape: ShapeLike,
        *,
        payload_init: Any = ...,
        always_valid: bool = ...,
        always_ready: bool = ...,
    ) -> None: ...

class Interface:
    payload: Any
    valid: Signal
    ready: Signal
    p: Any
