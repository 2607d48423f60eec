"""UART and SLIP against Python models, in Amaranth's simulator."""

import numpy as np
import pytest
from amaranth.sim import SimulatorContext
from hypothesis import example, given
from hypothesis import strategies as st

from hw.board.slip import END, ESC, decode_frames, encode_frame
from hw.board.uart import Uart
from hw.errors import ChronogateError
from tests.hw.uart_host import line_to_bytes, send_bits, send_bytes, simulate


@given(st.binary(max_size=20), st.lists(st.sampled_from([END, ESC, 0xDC, 0xDD]), max_size=8))
@example(b"", [END])
def test_frames_come_back(noise: bytes, special: list[int]) -> None:
    payload = noise + bytes(special)
    line = encode_frame(payload)
    assert line.count(END) == 1
    assert decode_frames([END, *line, END]) == ([payload] if payload else [])


def test_a_bad_escape_is_refused() -> None:
    with pytest.raises(ChronogateError, match="0x41 after a SLIP escape"):
        decode_frames([ESC, 0x41, END])


def test_the_baud_rate_must_be_near() -> None:
    assert Uart.for_baud(25e6, 115_200).divisor == 217
    with pytest.raises(ChronogateError, match="choose 1785714 baud"):
        Uart.for_baud(25e6, 1.85e6)
    with pytest.raises(ChronogateError, match="at least 4 clock cycles"):
        Uart(3)


@pytest.mark.parametrize("divisor", [4, 7, 25])
def test_the_receiver_counts_its_cycles(divisor: int) -> None:
    uart = Uart(divisor)
    receiver = uart.receiver()
    values = [0x00, 0xFF, 0x55, 0xA3]
    seen: list[tuple[int, int]] = []

    async def host(ctx: SimulatorContext) -> None:
        ctx.set(receiver.rx, 1)
        await ctx.tick().repeat(5)
        await send_bytes(ctx, receiver.rx, bytes(values), divisor)
        await ctx.tick().repeat(3)

    async def watch(ctx: SimulatorContext) -> None:
        cycle = 0
        async for _, _, valid, value in ctx.tick().sample(receiver.o.valid, receiver.o.payload):
            if valid:
                seen.append((cycle, value))
            cycle += 1

    simulate(receiver, host, watch=(watch,))
    first = 5 + uart.receive_cycles
    assert seen == [(first + n * uart.byte_cycles, value) for n, value in enumerate(values)]


def test_the_receiver_bears_other_clocks_glitches_and_breaks() -> None:
    receiver = Uart(25).receiver()
    seen: list[int | None] = []

    async def host(ctx: SimulatorContext) -> None:
        ctx.set(receiver.rx, 1)
        await ctx.tick().repeat(30)
        for bit in (24, 26):  # 4 % off either way
            for value in (0x00, 0xFF, 0x9A):
                await send_bits(ctx, receiver.rx, value, [bit] * 10)
        await send_bits(ctx, receiver.rx, 0, [5])  # over before its middle
        ctx.set(receiver.rx, 1)
        await ctx.tick().repeat(300)
        await send_bits(ctx, receiver.rx, 0, [1000])  # a break: one error, then nothing
        ctx.set(receiver.rx, 1)
        await ctx.tick().repeat(40)
        await send_bytes(ctx, receiver.rx, b"\x42", 25)
        await ctx.tick().repeat(30)

    async def watch(ctx: SimulatorContext) -> None:
        samples = (receiver.o.valid, receiver.o.payload, receiver.error)
        async for _, _, valid, value, error in ctx.tick().sample(*samples):
            assert not (valid and error)
            if valid or error:
                seen.append(value if valid else None)

    simulate(receiver, host, watch=(watch,))
    assert seen == [0x00, 0xFF, 0x9A] * 2 + [None, 0x42]


def test_the_transmitter_sends_without_a_pause() -> None:
    uart = Uart(6)
    transmitter = uart.transmitter()
    values = [0x00, 0xFF, 0x37, 0xC0]
    levels: list[int] = []
    accepted: list[int] = []

    async def source(ctx: SimulatorContext) -> None:
        for value in values:
            ctx.set(transmitter.i.payload, value)
            ctx.set(transmitter.i.valid, 1)
            await ctx.tick().until(transmitter.i.ready)
        ctx.set(transmitter.i.valid, 0)
        await ctx.tick().repeat(uart.byte_cycles + 5)

    async def watch(ctx: SimulatorContext) -> None:
        i = transmitter.i
        async for _, _, level, valid, ready in ctx.tick().sample(transmitter.tx, i.valid, i.ready):
            if valid and ready:
                accepted.append(len(levels))
            levels.append(level)

    simulate(transmitter, source, watch=(watch,))
    read, starts = line_to_bytes(levels, uart.divisor)
    assert read == values
    assert starts == [cycle + 1 for cycle in accepted]
    assert np.diff(starts).tolist() == [uart.byte_cycles] * 3
