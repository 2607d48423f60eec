"""The board's side of the link, in Amaranth's simulator."""

from amaranth.sim import SimulatorContext

from hw.board.link import ANSWER, Counters, Frame, Identity, Kind
from hw.board.link_bridge import LinkBridgeComponent
from hw.board.link_spec import LinkBridge
from hw.board.slip import END, ESC, decode_frames
from hw.board.uart import Uart
from tests.hw.uart_host import line_to_bytes, send_bytes, simulate

ID = b"identity"


def talk(bridge: LinkBridge, lines: list[bytes]) -> tuple[list[Frame], list[list[int]]]:
    """Send lines, each followed by silence; return the answers and what the network was given.

    The network answers a beat that it expects to with the sum of all beats so far.
    """
    design = LinkBridgeComponent(bridge)
    given: list[list[int]] = []
    levels: list[int] = []

    async def host(ctx: SimulatorContext) -> None:
        ctx.set(design.rx, 1)
        await ctx.tick().repeat(20)
        for line in lines:
            await send_bytes(ctx, design.rx, line, bridge.uart.divisor)
            await ctx.tick().repeat(bridge.response_cycles(30) + 16 * bridge.uart.byte_cycles)

    async def network(ctx: SimulatorContext) -> None:
        total, samples, sample = 0, 0, []
        ctx.set(design.window.ready, 1)
        while True:
            _, _, valid, data, last = await ctx.tick().sample(
                design.window.valid, design.window.payload.data, design.window.payload.last
            )
            if not valid:
                continue
            sample.append((data, last))
            total += data
            if len(sample) < bridge.beats:
                continue
            given.append(sample)
            samples, sample = samples + 1, []
            if samples > bridge.silent:
                ctx.set(design.forecast.payload.data, total % 256**bridge.response_bytes)
                ctx.set(design.forecast.valid, 1)
                await ctx.tick().until(design.forecast.ready)
                ctx.set(design.forecast.valid, 0)

    async def line(ctx: SimulatorContext) -> None:
        while True:
            _, _, level = await ctx.tick().sample(design.tx)
            levels.append(level)

    simulate(design, host, watch=(network, line))
    payloads = decode_frames(line_to_bytes(levels, bridge.uart.divisor)[0])
    frames = [Frame.decode(payload) for payload in payloads]
    assert None not in frames
    return [frame for frame in frames if frame is not None], given


WINDOWS = LinkBridge(Uart(4), beats=2, request_bytes=3, response_bytes=2, identity=ID)
FIRST, SECOND = bytes([1, 2, 3, END, ESC, 6]), bytes([9, 8, 7, 6, 5, 4])


def beats(payload: bytes, lasts: list[int], size: int = 3) -> list[tuple[int, int]]:
    parts = [payload[n : n + size] for n in range(0, len(payload), size)]
    return [(int.from_bytes(part, "little"), last) for part, last in zip(parts, lasts, strict=True)]


def forecast(*payloads: bytes) -> bytes:
    total = sum(data for payload in payloads for data, _ in beats(payload, [0, 0]))
    return (total % 65536).to_bytes(2, "little")


def test_samples_are_served_once_and_in_order() -> None:
    """A repeated frame gets the kept answer; what is damaged or not due steps nothing."""
    one, two = Frame(Kind.SAMPLE, 0, FIRST), Frame(Kind.SAMPLE, 1, SECOND)
    damaged = bytearray(two.encode())
    damaged[4] ^= 0x10
    cut = two.encode()[:5] + bytes([END])
    early = Frame(Kind.SAMPLE, 2, SECOND).encode()
    long = Frame(Kind.SAMPLE, 1, SECOND + b"x").encode()
    unknown = Frame(9, 1, SECOND).encode()
    asks = Frame(Kind.IDENTIFY, 77).encode()
    lines = [
        *(one.encode(), one.encode(), bytes(damaged), cut, early, long, unknown),
        *(two.encode(), two.encode(), two.encode(), one.encode(), asks, two.encode()),
    ]
    answers, given = talk(WINDOWS, lines)
    assert given == [beats(FIRST, [0, 1]), beats(SECOND, [0, 1])]
    first = Frame(Kind.SAMPLE | ANSWER, 0, forecast(FIRST))
    second = Frame(Kind.SAMPLE | ANSWER, 1, forecast(FIRST, SECOND))
    facts = answers.pop(5)
    assert answers == [first, first, second, second, second, second]
    assert (facts.kind, facts.number) == (Kind.IDENTIFY | ANSWER, 2)
    assert Identity.decode(facts.body) == Identity(ID, Counters(2, 3, 6, 0))


def test_series_end_when_the_host_says_so() -> None:
    """Where the board cuts windows, the first samples of a series have no forecast yet."""
    bridge = LinkBridge(Uart(4), 1, 3, 2, closes=False, silent=2, identity=ID)
    kinds = [Kind.SAMPLE, Kind.SAMPLE, Kind.LAST]
    frames = [Frame(kind, number, FIRST[:3]) for number, kind in enumerate(kinds)]
    answers, given = talk(bridge, [frame.encode() for frame in frames])
    assert [beat[0][1] for beat in given] == [0, 0, 1]
    assert [answer.body for answer in answers[:2]] == [b"", b""]
    assert len(answers[2].body) == 2
    repeated, _ = talk(bridge, [frames[0].encode()] * 2)
    assert repeated == [Frame(Kind.SAMPLE | ANSWER, 0)] * 2


def test_what_comes_while_a_sample_is_served_is_not_listened_to() -> None:
    """An impatient host: its second request runs into the first one's answer."""
    one = Frame(Kind.SAMPLE, 0, FIRST).encode()
    answers, given = talk(WINDOWS, [one + one, Frame(Kind.SAMPLE, 1, SECOND).encode()])
    assert len(given) == 2
    assert [answer.number for answer in answers] == [0, 1]


def test_noise_before_a_frame_costs_that_frame_only() -> None:
    one = Frame(Kind.SAMPLE, 0, FIRST).encode()
    answers, given = talk(WINDOWS, [b"\x55\xdb" + one, one])
    assert len(given) == len(answers) == 1


def test_damage_is_seen_by_the_host_as_well() -> None:
    payload = Frame(Kind.SAMPLE, 7, b"body").encode()[:-1]
    assert Frame.decode(payload) == Frame(Kind.SAMPLE, 7, b"body")
    for place in range(len(payload)):
        changed = bytearray(payload)
        changed[place] ^= 1
        assert Frame.decode(bytes(changed)) is None
    assert Frame.decode(payload[:5]) is None
