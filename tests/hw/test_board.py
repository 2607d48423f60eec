"""The board top: host bytes, and the whole of it from pin to pin in Amaranth's simulator."""

import numpy as np
import pytest
from amaranth.sim import Simulator, SimulatorContext

from hw import Activation, FixedPoint, Function, Network, Node, Port, Quantizer
from hw.board.link import Frame, Kind
from hw.board.slip import decode_frames, encode_frame
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.errors import ChronogateError
from tests.hw.drawing import draw_codes, draw_network


def passing(format: FixedPoint, channels: int, steps: int | None = None) -> Network:
    """Return a network that gives back what it is given."""
    keep = Activation(channels, format, Quantizer(Function.LINEAR, None), steps)
    return Network(
        "passing",
        (Port("input", channels, format, steps),),
        (Node("keep", keep, ("input",)),),
        ("keep",),
    )


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("width", [1, 7, 8, 9, 16, 24, 33, 63])
def test_codes_become_bytes_and_come_back(width: int, signed: bool) -> None:
    format = FixedPoint(width, width, signed)
    top = BoardTop(passing(format, 4), Uart(4))
    codes = np.array([format.minimum, format.maximum, 0, 1 - signed * 2], dtype=np.int64)
    codes = np.clip(codes, format.minimum, format.maximum)
    payload = top.request(codes).body
    assert len(payload) == 4 * -(-width // 8)
    size = len(payload) // 4
    values = [
        int.from_bytes(payload[n : n + size], "little", signed=signed)
        for n in range(0, len(payload), size)
    ]
    assert values == codes.tolist()
    assert top.response(payload).tolist() == codes.tolist()


def test_beats_go_step_by_step_and_low_byte_first() -> None:
    top = BoardTop(passing(FixedPoint(12, 4), 2, 3), Uart(4))
    codes = np.array([[0x123, -1], [2, 3], [4, 5]])
    body = bytes([0x23, 0x01, 0xFF, 0xFF, 2, 0, 3, 0, 4, 0, 5, 0])
    assert top.request(codes, 7) == Frame(Kind.SAMPLE, 7, body)
    assert top.request(codes, 7, last=True) == Frame(Kind.LAST, 7, body)
    with pytest.raises(ChronogateError, match="has 3 x 2 values, but 2 x 2 were given"):
        top.request(codes[:2])
    with pytest.raises(
        ChronogateError, match="codes -1 to 2048, but its input takes -2048 to 2047"
    ):
        top.request(np.array([[0, -1], [2, 3], [4, 2048]]))
    with pytest.raises(ChronogateError, match="has 4 bytes, but 3 were received"):
        top.response(b"abc")


def test_the_top_answers_from_pin_to_pin() -> None:
    network = draw_network(1, "gru_before")
    top = BoardTop(network, Uart(4), reset_cycles=15)
    codes = draw_codes(
        np.random.default_rng(1), network.input_format, 3, network.look_back, network.features
    )
    frames = [top.request(window, number) for number, window in enumerate(codes)]
    broken = encode_frame(b"too short" * network.look_back)
    # The second answer is asked for twice.
    lines = [frames[0].encode(), broken, frames[1].encode(), frames[1].encode(), frames[2].encode()]
    # A host waits for each answer.
    pause = network.timing.window_cycles + 2 * top.bridge.response_cycles(escapes=9)
    pause += 2 * top.bridge.sample_bytes
    design = top.build()
    levels: list[int] = []
    leds: list[int] = []

    async def run(ctx: SimulatorContext) -> None:
        async def cycle(level: int) -> None:
            ctx.set(design.uart_rx, level)
            await ctx.delay(5e-9)
            ctx.set(design.clk, 1)
            await ctx.delay(5e-9)
            ctx.set(design.clk, 0)
            levels.append(ctx.get(design.uart_tx))

        for _ in range(top.reset_cycles + 20):
            await cycle(1)
        leds.append(ctx.get(design.led_dropped))
        for line in lines:
            for value in line:
                for bit in range(10):
                    for _ in range(4):
                        await cycle((value << 1 | 1 << 9) >> bit & 1)
            for _ in range(pause):
                await cycle(1)
        leds.append(ctx.get(design.led_dropped))

    simulator = Simulator(design)
    simulator.add_testbench(run)
    simulator.run()
    received, at = [], 0
    while at < len(levels):
        if levels[at]:
            at += 1
        else:
            bits = levels[at + 2 : at + 40 : 4]
            received.append(sum(bit << place for place, bit in enumerate(bits[1:9])))
            at += 40
    decoded = [Frame.decode(payload) for payload in decode_frames(received)]
    numbers = [frame.number for frame in decoded if frame is not None]
    answers = [top.response(frame.body) for frame in decoded if frame is not None]
    assert numbers == [0, 1, 1, 2]
    assert np.array_equal(answers, network.reference(codes)[numbers])
    assert leds == [0, 1]


def test_the_verilog_has_the_ports_of_the_constraints() -> None:
    verilog = BoardTop(draw_network(1, "mlp"), Uart(25)).verilog()
    assert "module board_top(" in verilog
    header = verilog[verilog.index("module board_top(") :].split(");")[0]
    ports = {name.strip() for name in header.split("(", 1)[1].split(",")}
    assert ports == {"clk", "uart_rx", "uart_tx", "led_alive", "led_dropped"}
