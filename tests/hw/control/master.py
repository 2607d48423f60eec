"""An AXI4-Lite master in Amaranth's simulator."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hw.control.axi_lite import axi_lite_pins

CHANNELS = {
    "aw": ("awaddr", "awprot"),
    "w": ("wdata", "wstrb"),
    "b": ("bresp",),
    "ar": ("araddr", "arprot"),
    "r": ("rdata", "rresp"),
}
TO_SLAVE = ("aw", "w", "ar")


@dataclass
class Master:
    """Drives the five channels, each with pauses of its own, and checks the slave's manners.

    Of the slave's outputs `watched`, `pulses` collects every cycle in which they are not zero.
    """

    slave: wiring.Component
    rng: np.random.Generator
    pauses: dict[str, float]
    watched: tuple[str, ...] = ()
    queues: dict[str, deque] = field(default_factory=dict)
    answers: dict[str, list] = field(default_factory=dict)
    pulses: list[tuple[str, int]] = field(default_factory=list)
    cycle: int = 0

    def __post_init__(self) -> None:
        self.queues = {channel: deque() for channel in TO_SLAVE}
        self.answers = {"b": [], "r": []}
        self._held: dict[str, tuple] = {}
        self._offers = dict.fromkeys(CHANNELS, False)

    def pin(self, name: str):
        return getattr(self.slave, f"s_axil_{name}")

    async def step(self, ctx) -> None:
        """Run one cycle."""
        before = self._outputs(ctx)
        for channel in CHANNELS:
            self._drive(ctx, channel)
        assert self._outputs(ctx) == before, "an output follows an input within the cycle"
        for channel, names in CHANNELS.items():
            valid, ready = (ctx.get(self.pin(f"{channel}{end}")) for end in ("valid", "ready"))
            payload = tuple(ctx.get(self.pin(name)) for name in names)
            if channel not in TO_SLAVE:
                held = self._held.pop(channel, payload if valid else None)
                assert held is None or (valid and payload == held), f"{channel} did not hold still"
                if valid and not ready:
                    self._held[channel] = payload
            if valid and ready:
                self._offers[channel] = False
                if channel in TO_SLAVE:
                    self.queues[channel].popleft()
                else:
                    self.answers[channel].append((*payload, self.cycle))
        for name in self.watched:
            if value := ctx.get(getattr(self.slave, name)):
                self.pulses.append((name, value))
        await ctx.tick()
        self.cycle += 1

    def _drive(self, ctx, channel: str) -> None:
        asks = self._offers[channel] or self.rng.random() >= self.pauses[channel]
        if channel not in TO_SLAVE:
            ctx.set(self.pin(f"{channel}ready"), asks)
            return
        asks = asks and bool(self.queues[channel])
        ctx.set(self.pin(f"{channel}valid"), asks)
        pins = [self.pin(name) for name in CHANNELS[channel]]
        # Without valid there is anything on the wires.
        rubbish = [int(self.rng.integers(1 << len(pin))) for pin in pins]
        for pin, value in zip(pins, self.queues[channel][0] if asks else rubbish, strict=True):
            ctx.set(pin, value)
        self._offers[channel] = asks  # valid stays until ready

    def _outputs(self, ctx) -> list[int]:
        pins = axi_lite_pins(3)
        return [ctx.get(self.pin(name)) for name in pins if pins[name].flow is Out]

    def write(self, address: int, data: int, strobe: int = 15) -> None:
        self.queues["aw"].append((address, int(self.rng.integers(8))))
        self.queues["w"].append((data, strobe))

    def read(self, address: int) -> None:
        self.queues["ar"].append((address, int(self.rng.integers(8))))

    async def answered(self, ctx, channel: str, count: int) -> None:
        """Wait for so many answers, and one cycle more for what a write does."""
        while len(self.answers[channel]) < count:
            assert self.cycle < 20_000, "no answer"
            await self.step(ctx)
        await self.step(ctx)
