"""A host at the registers of a design: what tests read and write over AXI4-Lite."""

import random
import warnings
from collections.abc import Coroutine
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge, SimTimeoutError, with_timeout
from cocotb.utils import get_sim_time

from hw.control.axi_lite import OKAY, SLVERR
from hw.control.design_map import design_map
from hw.control.registers import WORD_BITS, WORD_BYTES, Access, Register
from hw.network.storage import design_fingerprint
from hw.top.axi import output_prefixes
from sim.testbench.bench import PERIOD_NS, Bench, pauses
from sim.testbench.handles import bit, number
from sim.testbench.stream_bench import StreamBench

with warnings.catch_warnings():
    # cocotbext-axi 0.1.28 uses names that cocotb 2.1 has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from cocotbext.axi import AxiLiteBus, AxiLiteMaster

LATCH, CLEAR, RESET_STATE = 1 << 1, 1 << 2, 1 << 0
ANSWER_CYCLES = 500
"""In which a register answers, whatever pauses the bus makes."""


class Registers:
    """A host at the registers of a bench's design.

    Parameters
    ----------
    bench
        Whose design it is.
    paused
        Probability of a paused cycle on each channel of the bus.
    """

    def __init__(self, bench: Bench | StreamBench, paused: float = 0.0) -> None:
        self._bench = bench
        self.map = design_map(bench.case.network)
        bus = AxiLiteBus.from_prefix(bench.dut, "s_axil")
        # The library's annotations leave out what it returns.
        self.master: Any = AxiLiteMaster(
            bus, bench.clock, bench.reset_pin, reset_active_level=False
        )
        writes, reads = self.master.write_if, self.master.read_if
        self._rng = rng = random.Random(bench.case.seed)
        for channel in (
            writes.aw_channel,
            writes.w_channel,
            writes.b_channel,
            reads.ar_channel,
            reads.r_channel,
        ):
            if paused:
                channel.set_pause_generator(pauses(rng, paused))
        self.written: list[int] = []
        self.stalls: list[int] = []
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        """Note the cycles in which writes take effect, and those in which forecasts wait."""
        dut = self._bench.dut
        answers = bit(dut, "s_axil_bvalid")
        results = [
            (bit(dut, f"{prefix}_tvalid"), bit(dut, f"{prefix}_tready"))
            for prefix in output_prefixes(self._bench.case.network)
        ]
        before = 0
        while True:
            await RisingEdge(self._bench.clock)
            cycle = int(get_sim_time("ns")) // PERIOD_NS
            now = number(answers)
            if now and not before:
                self.written.append(cycle)
            before = now
            if any(number(valid) and not number(ready) for valid, ready in results):
                self.stalls.append(cycle)

    async def read_at(self, offset: int) -> Any:
        """Read the word at an address; return the bus's answer, whatever it is."""
        return await self._answered("read", offset, self.master.read(offset, WORD_BYTES))

    async def write_at(self, offset: int, data: bytes) -> Any:
        """Write bytes; return the bus's answer, whatever it is."""
        return await self._answered("write", offset, self.master.write(offset, data))

    async def _answered(self, kind: str, offset: int, access: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await with_timeout(access, ANSWER_CYCLES * PERIOD_NS, "ns")
        except SimTimeoutError:
            raise AssertionError(
                f"no answer to the {kind} of {offset:#x} in {ANSWER_CYCLES} cycles"
            ) from None

    async def read(self, name: str) -> int:
        """Return the word of a register."""
        answer = await self.read_at(self.map.offset(name))
        assert answer.resp == OKAY, f"{name} cannot be read: {answer.resp}"
        return int.from_bytes(answer.data, "little")

    async def write(self, name: str, value: int) -> int:
        """Write the word of a register; return the cycle in which it takes effect."""
        offset, register = next(at for at in self.map.placed if at[1].name == name)
        known = sum(field.mask for field in register.fields)
        # Bits that belong to no field mean nothing.
        value |= self._rng.getrandbits(WORD_BITS) & ~known
        answer = await self.write_at(offset, value.to_bytes(WORD_BYTES, "little"))
        assert answer.resp == OKAY, f"{name} cannot be written: {answer.resp}"
        return self.written[-1]

    async def counter(self, name: str) -> int:
        """Return the snapshot of a counter of 64 bits."""
        return await self.read(f"{name}_low") | await self.read(f"{name}_high") << 32

    async def check_constants(self) -> None:
        """Compare the design's hash, and try a read and a write of every word and beyond them.

        What cannot be written is, with ones and with zeros: none of it may get anywhere else.
        """
        kept = [
            one.name
            for _, one in self.map.placed
            if {field.access for field in one.fields} == {Access.WRITE}
        ]
        before = [await self.read(name) for name in kept]
        digits = [f"{await self.read(f'network_hash{i}'):08x}" for i in range(4)]
        assert "".join(digits) == design_fingerprint(self._bench.case.network)[:32]
        for offset, register in self.map.placed:
            await self._check_register(offset, register)
        for offset in range(self.map.size, 1 << self.map.address_bits, WORD_BYTES):
            assert (await self.read_at(offset)).resp == SLVERR
            await self._check_refused(offset)
        assert [await self.read(name) for name in kept] == before, "a refused write was taken"

    async def _check_refused(self, offset: int) -> None:
        for byte in (0xFF, 0):
            answer = await self.write_at(offset, bytes([byte]) * WORD_BYTES)
            assert answer.resp == SLVERR, f"write of {offset:#x}"

    async def same(self, register: Register) -> bytes:
        """Return what a write may hold without changing anything: pulses read as zero."""
        return (await self.read(register.name)).to_bytes(WORD_BYTES, "little")

    async def _check_register(self, offset: int, register: Register) -> None:
        kinds = {field.access for field in register.fields}
        if kinds == {Access.CONSTANT}:
            constant = sum(field.reset << field.lsb for field in register.fields)
            assert await self.read(register.name) == constant, register.name
        if not register.writable:
            await self._check_refused(offset)
            return
        answer = await self.write_at(offset, await self.same(register))
        assert answer.resp == OKAY, register.name
