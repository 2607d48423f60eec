"""The hardware of `hw.product.folded.ArrayPlan`: rings, weight memory, multipliers, banks."""

import numpy as np
from amaranth.hdl import Cat, Const, Elaboratable, Module, Signal, Value, signed, unsigned
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.pipeline import delay
from hw.product.bank import Bank
from hw.product.columns import Column
from hw.product.folded import ArrayPlan, Program
from hw.product.reloadable import ReloadableWeights
from hw.product.sparse_array import SparseWords, chosen_operands, stored_weights


class MultiplierArray(Elaboratable):
    """Multipliers that run the programs of a plan, each as often as it is started.

    Parameters
    ----------
    plan
        The programs.
    name
        Prefix of the ports.
    memory
        The weights of a reloadable plan.

    Attributes
    ----------
    starts
        For each program, a pulse that begins it. Programs must not overlap in the ring.
    vectors
        For each program, its vector, taken ``plan.lead`` cycles after the start.
    models
        For each program of a reloadable plan, the model that it uses, taken with the start.
    banks
        Where sums begin and end, one for each bank of the plan.
    """

    def __init__(self, plan: ArrayPlan, name: str, memory: ReloadableWeights | None = None) -> None:
        self._plan, self._memory = plan, memory
        self.starts = [Signal(name=f"{name}_start{i}") for i in range(len(plan.programs))]
        self.vectors = [
            _vector(program, f"{name}_vector{i}") for i, program in enumerate(plan.programs)
        ]
        self.models = [Signal(name=f"{name}_model{i}") for i in range(len(plan.programs))]
        self.banks = [
            Bank(programs, plan, f"{name}_bank{i}") for i, programs in enumerate(plan.banks)
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self._plan
        samples = [delay(m, start, plan.lead, f"sample{i}") for i, start in enumerate(self.starts)]
        ends: list[Value] = []
        if plan.is_sparse:
            words = SparseWords(plan)
            told = words.told(self._word(m, sum(words.fields), words.words()))
            operands = chosen_operands(m, words, told.selects, self.vectors, samples)
            weights, ends = stored_weights(m, told.stored), told.ends
        else:
            operands, weights = self._operands(m, samples), self._weights(m)
        products: list[Signal] = []
        for lane, (operand, stored) in enumerate(zip(operands, weights, strict=True)):
            exact = plan.code.product(m, operand, stored, f"lane{lane}")
            product = Signal(signed(exact.shape().width + 1), name=f"product{lane}")
            m.d.sync += product.eq(exact)
            products.append(product)
        first = 0
        for index, bank in enumerate(self.banks):
            count = len(plan.banks[index])
            models = [
                delay(m, model, plan.lead, f"sampled_model{first + i}")
                for i, model in enumerate(self.models[first : first + count])
                if plan.reloadable
            ]
            bank.add_to(m, products, samples[first : first + count], ends, models)
            first += count
        return m

    def _operands(self, m: Module, samples: list[Value]) -> list[Signal]:
        """Return the operand of every multiplier."""
        plan = self._plan
        sources: list[list[tuple[int, Signal]]] = [[] for _ in range(plan.multipliers)]
        for index, program in enumerate(plan.programs):
            rings: dict[tuple[int, int], list[Signal]] = {}
            lane = 0
            for column in program.columns:
                key = column.lanes, column.stride
                if key not in rings and column.outputs:
                    rings[key] = self._ring(m, index, column, samples[index])
                for place in range(column.lanes):
                    if column.outputs:
                        sources[lane].append((index, rings[key][place]))
                    lane += 1
        if not plan.operand_stages:
            return [source[0][1] for source in sources]
        return self._selected(m, sources, samples)

    def _selected(
        self, m: Module, sources: list[list[tuple[int, Signal]]], samples: list[Value]
    ) -> list[Signal]:
        plan = self._plan
        running = Signal(range(len(samples)), name="running_program")
        for index, sample in enumerate(samples):
            with m.If(sample):
                m.d.sync += running.eq(index)
        width = max(p.input.width + (not p.input.signed) for p in plan.programs)
        operands = []
        for lane, source in enumerate(sources):
            operand = Signal(signed(width), name=f"operand{lane}")
            if len(source) == 1:
                m.d.sync += operand.eq(source[0][1])
            else:
                with m.Switch(running):
                    for index, value in source:
                        with m.Case(index):
                            m.d.sync += operand.eq(value)
            operands.append(operand)
        return operands

    def _ring(self, m: Module, index: int, column: Column, sample: Value) -> list[Signal]:
        """Return the places of a ring that turns by the column's lanes every cycle."""
        vector = self.vectors[index]
        program = self._plan.programs[index]
        name = f"ring{index}_{column.lanes}of{column.stride}"
        ring = [Signal(program.input.shape, name=f"{name}_{i}") for i in range(column.stride)]
        length = program.kernel.shape[0]
        turns = column.lanes % column.stride != 0
        for place, register in enumerate(ring):
            fresh = vector[place] if place < length else Const(0)
            following = ring[(place + column.lanes) % column.stride]
            with m.If(sample):
                m.d.sync += register.eq(fresh)
            if turns:
                with m.Else():
                    m.d.sync += register.eq(following)
        return ring

    def _weights(self, m: Module) -> list[Value]:
        """Return every multiplier's weight as it is stored, in step with the operands."""
        plan = self._plan
        if self._memory is not None:
            return self._reloadable(m, self._memory)
        bits = plan.code.width
        rows = plan.code.encode(weight_words(plan)).tolist()
        words = [sum(weight << bits * lane for lane, weight in enumerate(row)) for row in rows]
        word = self._word(m, bits * plan.multipliers, words)
        return [word[bits * lane : bits * (lane + 1)] for lane in range(plan.multipliers)]

    def _word(self, m: Module, width: int, words: list[int]) -> Value:
        """Return the running program's word of this cycle, one of `width` bits."""
        plan, shape = self._plan, unsigned(width)
        if len(words) == 1:
            return Const(words[0], shape)
        attributes = plan.storage.attributes(plan.in_block_ram)
        memory = Memory(shape=shape, depth=plan.depth, init=words, attrs=attributes)
        m.submodules.weights = memory
        port = memory.read_port()
        m.d.comb += port.addr.eq(self._address(m))
        return self._registered(m, port.data)

    def _reloadable(self, m: Module, memory: ReloadableWeights) -> list[Value]:
        """Read a memory with two banks: only while a program runs, so that it knows which."""
        plan, bits = self._plan, self._plan.code.width
        address = self._address(m)
        reading = Signal(name="weights_wanted")
        model = Signal(name="weights_model")
        ends = np.cumsum([program.busy_cycles for program in plan.programs]) - 1
        final = Signal(name="weights_final")
        m.d.comb += [
            final.eq(Cat(address == int(end) for end in ends).any()),
            memory.addr.eq(address),
            memory.en.eq(reading),
            memory.model.eq(model),
        ]
        with m.If(final):
            m.d.sync += reading.eq(0)
        for start, chosen in zip(self.starts, self.models, strict=True):
            with m.If(start):
                m.d.sync += [reading.eq(1), model.eq(chosen)]
        word = self._registered(m, memory.data.as_value())
        return [word[bits * lane : bits * (lane + 1)] for lane in range(plan.multipliers)]

    def _address(self, m: Module) -> Signal:
        """Return the address of the running program's weights."""
        plan = self._plan
        address = Signal(range(max(plan.depth, 2)), name="weight_address")
        with m.If(address != plan.depth - 1):
            m.d.sync += address.eq(address + 1)
        base = 0
        for program, start in zip(plan.programs, self.starts, strict=True):
            with m.If(start):
                m.d.sync += address.eq(base)
            base += program.busy_cycles
        return address

    def _registered(self, m: Module, word: Value) -> Value:
        """Add the output register of a block RAM."""
        return delay(m, word, int(self._plan.in_block_ram), "weights")


def _vector(program: Program, name: str) -> data.View:
    layout = data.ArrayLayout(program.input.shape, program.kernel.shape[0])
    return data.View(layout, Signal(layout.size, name=name))


def weight_words(plan: ArrayPlan) -> np.ndarray:
    """Return the memory's content, int64 ``(depth, multipliers)``: program after program."""
    return np.concatenate([weight_table(plan, program) for program in plan.programs])


def weight_table(plan: ArrayPlan, program: Program) -> np.ndarray:
    """Return a program's weights in the order of use, int64 ``(busy cycles, multipliers)``.

    Slots behind a column's last product, and those that pad an output, hold zero.
    """
    cycles = program.busy_cycles
    words = np.zeros((cycles, plan.multipliers), dtype=np.int64)
    lane = 0
    for column in program.columns:
        slots = np.zeros(cycles * column.lanes, dtype=np.int64)
        n_in = program.kernel.shape[0]
        padded = np.zeros((len(column.outputs), column.stride), dtype=np.int64)
        padded[:, :n_in] = program.kernel[:, list(column.outputs)].T
        slots[: padded.size] = padded.ravel()
        words[:, lane : lane + column.lanes] = slots.reshape(cycles, column.lanes)
        lane += column.lanes
    return words
