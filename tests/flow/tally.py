"""Drawn models against QKeras, counted: ``python -m tests.flow.tally FIRST COUNT``."""

import sys
from collections import Counter
from dataclasses import dataclass, field

import accel
from accel.qkeras_compat import keras
from tests.accel.conversion.compare import assert_equal_to_qkeras, draw_codes
from tests.flow.drawing import draw_model

WINDOWS = 40


@dataclass
class Tally:
    """How often each layer, quantizer and block came up."""

    models: int = 0
    layers: Counter[str] = field(default_factory=Counter)
    quantizers: Counter[str] = field(default_factory=Counter)
    blocks: Counter[str] = field(default_factory=Counter)

    def add(self, model: keras.Model, blocks: list[str]) -> None:
        """Count one model and the blocks that it became."""
        self.models += 1
        self.blocks.update(blocks)
        for layer in model.layers:
            self.layers[type(layer).__name__] += 1
            inner = getattr(layer, "forward_layer", getattr(layer, "layer", layer))
            given = [getattr(layer, "quantizer", None), getattr(layer, "activation", None)]
            given += getattr(inner, "quantizers", None) or []
            for quantizer in given:
                if quantizer not in (None, keras.activations.linear):
                    name = getattr(quantizer, "__name__", type(quantizer).__name__)
                    self.quantizers[name] += 1

    def __str__(self) -> str:
        def line(what: str, counts: Counter[str]) -> str:
            each = ", ".join(f"{name} {count}" for name, count in counts.most_common())
            return f"{len(counts)} {what}: {each}"

        return "\n".join([
            f"{self.models} models drawn, all equal to QKeras",
            line("layers", self.layers), line("quantizers", self.quantizers),
            line("blocks", self.blocks),
        ])  # fmt: skip


def tally(first: int, count: int) -> Tally:
    """Draw, convert and compare models; the first that differs raises."""
    result = Tally()
    for seed in range(first, first + count):
        keras.backend.clear_session()
        drawn = draw_model(seed)
        graph = accel.convert(drawn.model, hls_config=drawn.hls_config)
        network = graph.network
        codes = draw_codes(network, WINDOWS, seed)
        try:
            assert_equal_to_qkeras(drawn.model, network, codes, graph.kept_channels)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {drawn.kind}: {error}") from error
        result.add(drawn.model, [type(node.spec).__name__ for node in network.nodes])
    return result


if __name__ == "__main__":
    print(tally(int(sys.argv[1]), int(sys.argv[2])))
