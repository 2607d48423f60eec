"""A block that knows nothing of models, with each window's model carried beside it.

Blocks with constant parameters, which is most of them, need not care which weights the others
use; but the number of the model has to come out with the beats that belong to it. A block's cycles
are fixed (`hw.timing`), so a line of registers beside it tells which model is due.
"""

from dataclasses import replace

from amaranth.hdl import Module, Mux, Signal

from hw.block import Spec
from hw.pipeline import later
from hw.product.model_store import MODELS
from hw.stream import Block, Port
from hw.timing import BlockTiming


class Carrier(Block):
    """Adds ``tag.model`` to the streams of a block.

    Parameters
    ----------
    block
        The block.
    inputs, outputs
        Its ports.
    timing
        Its cycles.
    """

    def __init__(
        self,
        block: Block,
        inputs: tuple[Port, ...],
        outputs: tuple[Port, ...],
        timing: BlockTiming,
    ) -> None:
        self._block, self._inputs, self._outputs, self._timing = block, inputs, outputs, timing
        super().__init__(map(with_model, inputs), map(with_model, outputs))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.block = self._block
        for port in self._inputs:
            outer, inner = getattr(self, port.name), getattr(self._block, port.name)
            tag = inner.payload.tag
            m.d.comb += [
                inner.valid.eq(outer.valid),
                inner.payload.data.eq(outer.payload.data),
                *(tag[name].eq(outer.payload.tag[name]) for name, _ in tag.shape()),
            ]
        model = self._model(m)
        for port in self._outputs:
            outer, inner = getattr(self, port.name), getattr(self._block, port.name)
            tag = inner.payload.tag
            m.d.comb += [
                outer.valid.eq(inner.valid),
                outer.payload.data.eq(inner.payload.data),
                *(outer.payload.tag[name].eq(tag[name]) for name, _ in tag.shape()),
                outer.payload.tag.model.eq(model),
            ]
        return m

    def _model(self, m: Module) -> Signal:
        """Return the model of the beat that leaves."""
        timing, rule = self._timing, self._timing.emission
        bursts = rule is not None and any(rule.delay)
        source = getattr(self, max(self._inputs, key=lambda port: port.beats).name)
        late = timing.latency_cycles + (rule.delay[0] if rule is not None and bursts else 0)
        _, due = later(
            m, source.valid, source.payload.tag.model, late, timing.interval_cycles, "model"
        )
        model = Signal(name="leaving_model")
        m.d.comb += model.eq(due)
        if bursts:
            # Only the window's first beat comes when it is due; the next window may be on its way.
            result = getattr(self._block, self._outputs[0].name)
            held = Signal(name="window_model")
            m.d.comb += model.eq(Mux(result.payload.tag.first, due, held))
            with m.If(result.valid):
                m.d.sync += held.eq(model)
        return model


def with_model(port: Port) -> Port:
    """Return `port` with ``tag.model``."""
    return replace(port, models=MODELS)


def carrying(spec: Spec, block: Block) -> Block:
    """Return a spec's block as it is in a design with several models."""
    if all(port.models == MODELS for port in (*spec.inputs, *spec.outputs)):
        return block
    return Carrier(block, spec.inputs, spec.outputs, spec.timing)
