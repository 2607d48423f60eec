"""The bridge between a UART line and AXI4-Streams, in Amaranth's simulator."""

from collections.abc import Callable

import pytest
from amaranth.sim import SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.board.slip import END, ESC, decode_frames, encode_frame
from hw.board.uart import Uart
from hw.board.uart_bridge import UartBridge, UartBridgeComponent
from tests.hw.uart_host import line_to_bytes, send_bits, send_bytes, simulate


def windows_through(
    bridge: UartBridge, frames: list[bytes], stall: Callable[[int], bool]
) -> list[tuple[bytes, bool]]:
    """Send raw line bytes and return the beats that leave, with their last marks."""
    design = bridge.build()
    beats: list[tuple[bytes, bool]] = []

    async def host(ctx: SimulatorContext) -> None:
        ctx.set(design.rx, 1)
        await ctx.tick().repeat(20)
        for frame in frames:
            if frame == b"break":
                await send_bits(ctx, design.rx, 0, [bridge.uart.divisor * 11])
                ctx.set(design.rx, 1)
                await ctx.tick().repeat(bridge.uart.divisor)
            else:
                await send_bytes(ctx, design.rx, frame, bridge.uart.divisor)
        await ctx.tick().repeat(bridge.request_cycles())

    simulate(design, host, watch=(accelerator_side(design, bridge, beats, stall),))
    return beats


def accelerator_side(
    design: UartBridgeComponent,
    bridge: UartBridge,
    beats: list[tuple[bytes, bool]],
    stall: Callable[[int], bool],
) -> Callable:
    async def watch(ctx: SimulatorContext) -> None:
        cycle = 0
        held: tuple[int, int] | None = None
        while True:
            ctx.set(design.window.ready, not stall(cycle))
            payload = design.window.payload
            _, _, valid, ready, data, last = await ctx.tick().sample(
                design.window.valid, design.window.ready, payload.data, payload.last
            )
            # AXI: what was valid stays, unchanged, until it is taken.
            assert held is None or (valid and held == (data, last))
            held = (data, last) if valid and not ready else None
            if valid and ready:
                beats.append((data.to_bytes(bridge.request_bytes, "little"), bool(last)))
            cycle += 1

    return watch


def as_beats(payload: bytes, bridge: UartBridge) -> list[tuple[bytes, bool]]:
    size = bridge.request_bytes
    parts = [payload[i : i + size] for i in range(0, len(payload), size)]
    return [(part, number == len(parts) - 1) for number, part in enumerate(parts)]


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_whole_windows_arrive(data: st.DataObject) -> None:
    """Any bytes, any stalls of the accelerator that leave it faster than the line."""
    steps, size = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    bridge = UartBridge(Uart(4), steps, size, 1)
    byte = st.sampled_from([0, 1, END, ESC, 0xDC, 0xDD, 0xFF])
    length = bridge.window_bytes
    payload = st.lists(byte, min_size=length, max_size=length).map(bytes)
    payloads = data.draw(st.lists(payload, min_size=1, max_size=3))
    period = data.draw(st.integers(1, 30))
    frames = [bytes([END]) + encode_frame(p) for p in payloads]
    beats = windows_through(bridge, frames, lambda cycle: cycle % period != 0)
    assert beats == [beat for p in payloads for beat in as_beats(p, bridge)]


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_wrong_windows_never_close_where_a_window_ends(steps: int) -> None:
    """The accelerator counts each of these as one dropped window, and then a good one passes."""
    bridge = UartBridge(Uart(4), steps, 2, 1)
    good = bytes(range(2 * steps))
    wrong = [
        [encode_frame(good[:-1])],  # half a beat too few
        [encode_frame(good + b"x")],  # half a beat too many
        [encode_frame(good + b"xyz")],
        [encode_frame(b"x")],
        [bytes([ESC, 0x41]), encode_frame(good[1:])],  # a bad escape, the length right
        [good[:1], b"break", encode_frame(good[1:])],
        [b"break", bytes([END])],
        [good[:-1] + bytes([ESC, END])],  # an escape cut off
    ]
    for frames in wrong:
        beats = windows_through(bridge, [*frames, encode_frame(good)], lambda cycle: False)
        lasts = [number for number, (_, last) in enumerate(beats) if last]
        assert len(lasts) == 2, frames
        assert lasts[0] != steps - 1, frames
        assert beats[lasts[0] + 1 :] == as_beats(good, bridge), frames


def test_too_few_and_too_many_beats_pass_through() -> None:
    bridge = UartBridge(Uart(4), 2, 1, 1)
    frames = [encode_frame(b"a"), encode_frame(b"abc"), encode_frame(b"ab")]
    beats = windows_through(bridge, frames, lambda cycle: False)
    assert beats == [
        (b"a", True),
        (b"a", False),
        (b"b", False),
        (b"c", True),
        (b"a", False),
        (b"b", True),
    ]


def test_a_stalled_accelerator_loses_no_window_of_a_host_that_waits() -> None:
    bridge = UartBridge(Uart(4), 3, 2, 1)
    payload = bytes(range(6))
    until = bridge.request_cycles() + 10
    beats = windows_through(bridge, [encode_frame(payload)], lambda cycle: cycle < until)
    assert beats == as_beats(payload, bridge)


def test_frames_that_come_too_fast_are_cut_to_wrong_windows() -> None:
    """The third window finds a full FIFO; the second is cut in the middle; then all is well."""
    bridge = UartBridge(Uart(4), 2, 2, 1)
    good = b"abcd"
    until = 20 + 2 * bridge.request_cycles() + 3 * bridge.uart.byte_cycles
    frames = [
        encode_frame(good),
        encode_frame(good),
        b"a",
        encode_frame(b"bcd"),
        encode_frame(good),
    ]
    beats = windows_through(bridge, frames, lambda cycle: cycle < until)
    lasts = [number for number, (_, last) in enumerate(beats) if last]
    assert beats[:2] == as_beats(good, bridge)
    assert beats[-2:] == as_beats(good, bridge)
    # Between them at least one window closes early or late, and none closes right with holes.
    for begin, end in zip([2, *[n + 1 for n in lasts[1:-1]]], lasts[1:-1], strict=False):
        window = beats[begin : end + 1]
        assert window == as_beats(good, bridge) or len(window) != bridge.steps


@pytest.mark.parametrize("divisor", [4, 9])
def test_forecasts_take_the_cycles_promised(divisor: int) -> None:
    bridge = UartBridge(Uart(divisor), 2, 1, 3)
    design = bridge.build()
    payloads = [b"\x01\x02\x03", bytes([END, 0x55, ESC]), b"\xff\x00\xdc"]
    levels: list[int] = []
    accepted: list[int] = []

    async def accelerator(ctx: SimulatorContext) -> None:
        ctx.set(design.rx, 1)
        for payload in payloads:
            ctx.set(design.forecast.payload.data, int.from_bytes(payload, "little"))
            ctx.set(design.forecast.payload.last, 1)
            ctx.set(design.forecast.valid, 1)
            await ctx.tick().until(design.forecast.ready)
            ctx.set(design.forecast.valid, 0)
            # Leave the line idle before the last one only.
            await ctx.tick().repeat(600 if payload is payloads[1] else 1)
        await ctx.tick().repeat(bridge.response_cycles(escapes=3) + 5)

    async def watch(ctx: SimulatorContext) -> None:
        stream = design.forecast
        async for _, _, level, valid, ready in ctx.tick().sample(
            design.tx, stream.valid, stream.ready
        ):
            if valid and ready:
                accepted.append(len(levels))
            levels.append(level)

    simulate(design, accelerator, watch=(watch,))
    values, starts = line_to_bytes(levels, divisor)
    assert decode_frames(values) == payloads
    assert starts[0] == accepted[0] + bridge.first_bit_cycles
    # The first frame's end is the first END of the line; it lasts one byte more.
    end = starts[values.index(END)] + bridge.uart.byte_cycles
    assert end - starts[0] == bridge.response_cycles()
    second = values.index(END) + 1
    end = starts[second + 5] + bridge.uart.byte_cycles
    assert end - starts[second] == bridge.response_cycles(escapes=2)


@pytest.mark.parametrize("divisor", [4, 25])
def test_the_last_beat_takes_the_cycles_promised(divisor: int) -> None:
    bridge = UartBridge(Uart(divisor), 2, 1, 1)
    design = bridge.build()
    closes: list[int] = []
    started: list[int] = []

    async def host(ctx: SimulatorContext) -> None:
        ctx.set(design.rx, 1)
        ctx.set(design.window.ready, 1)
        await ctx.tick().repeat(10)
        await send_bytes(ctx, design.rx, b"ab", divisor)
        started.append(10 + 2 * bridge.uart.byte_cycles)
        await send_bytes(ctx, design.rx, bytes([END]), divisor)
        await ctx.tick().repeat(10)

    async def watch(ctx: SimulatorContext) -> None:
        cycle = 0
        window = design.window
        async for _, _, valid, last in ctx.tick().sample(window.valid, window.payload.last):
            if valid and last:
                closes.append(cycle)
            cycle += 1

    simulate(design, host, watch=(watch,))
    assert closes == [started[0] + bridge.last_beat_cycles]


def test_windows_may_follow_each_other_when_line_and_network_keep_up() -> None:
    bridge = UartBridge(Uart(4), steps=10, request_bytes=2, response_bytes=2)
    assert bridge.sustains(interval_cycles=bridge.request_cycles())
    assert not bridge.sustains(interval_cycles=bridge.request_cycles() + 1)
    assert not UartBridge(Uart(4), 1, 1, 4).sustains(interval_cycles=1)
