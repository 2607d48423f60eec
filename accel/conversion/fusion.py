"""Passes that bring layers together: what is exact only together, and what is cheaper so."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from accel.conversion.draft import Draft, LayerDraft
from accel.conversion.formats import plain_format
from accel.conversion.layers.common import quantizer_of
from accel.conversion.rounded import FLOAT_CURVES, RoundedCurve
from accel.conversion.settings import Strategy, strategy
from accel.qkeras_compat import keras
from hw.errors import ChronogateError
from hw.layer.dense.dense import Dense
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.dense.shared_layer import SharedLayer
from hw.layer.elementwise.activation import Activation
from hw.network.graph import Node
from hw.product.storage import Storage

TRAINING_ONLY = ("Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout")
AVERAGES = ("AveragePooling1D", "GlobalAveragePooling1D", "Average")


def drop_identities(draft: Draft) -> Draft:
    """Remove linear activations, what works in training only, and reshapes that change nothing."""
    shapes = {given.name: given.shape for given in draft.inputs}
    aliases: dict[str, str] = {}
    for layer in draft.layers:
        shapes[layer.name] = layer.shape
        linear = layer.kind == "QActivation" and (
            layer.quantizer is None or layer.quantizer is keras.activations.linear
        )
        reshapes = layer.kind in ("Flatten", "Reshape") and layer.shape == shapes[layer.inputs[0]]
        if linear or reshapes or layer.kind in TRAINING_ONLY:
            aliases[layer.name] = layer.inputs[0]
    return draft.without(aliases)


def round_averages(draft: Draft) -> Draft:
    """Let averages that have no exact value take over the quantizer behind them.

    Rounding the exact quotient once is what float64 does too: a quotient that is not a tie is
    further from one than float64 can err, as long as sum and quotient have some 45 bits together.
    """
    for layer in draft.layers:
        quantizer = _only_quantizer(draft, layer)
        if layer.kind in AVERAGES and quantizer is not None:
            count = _averaged(layer)
            if count & (count - 1):
                merged = replace(layer, name=quantizer.name, quantizer=quantizer.quantizer)
                draft = _merge(draft, layer, quantizer, merged)
    return draft


def fuse_float_activations(draft: Draft) -> Draft:
    """Bring a float activation and the quantizer behind it together: the pair is a staircase."""
    for layer in draft.layers:
        curve = next((c for c in FLOAT_CURVES if layer.quantizer is c), None)
        quantizer = _only_quantizer(draft, layer)
        if layer.kind == "QActivation" and curve is not None and quantizer is not None:
            format = plain_format(quantizer_of(quantizer))
            assert format is not None  # see _only_quantizer
            both = replace(quantizer, inputs=layer.inputs, quantizer=RoundedCurve(curve, format))
            draft = _merge(draft, layer, quantizer, both)
    return draft


def share_engines(draft: Draft) -> Draft:
    """Put successive dense layers with ``Strategy='Shared'`` on one engine, chain by chain."""
    kinds = {layer.name: layer.types for layer in draft.layers}
    shared = [
        node
        for node in draft.nodes
        if isinstance(node.spec, Dense)
        and strategy(draft.config, node.name, kinds.get(node.name, ())) is Strategy.SHARED
    ]
    nodes, done = list(draft.nodes), set[str]()
    for node in shared:
        if node.name in done:
            continue
        chain = _chain(draft, node, shared)
        done |= {link.name for link in chain}
        nodes[nodes.index(chain[-1])] = Node(chain[-1].name, _engine(chain), node.inputs)
        nodes = [kept for kept in nodes if kept not in chain[:-1]]
    return replace(draft, nodes=tuple(nodes))


def _chain(draft: Draft, node: Node, shared: Sequence[Node]) -> list[Node]:
    """Return a shared layer, what follows it without a branch, and so on."""
    chain = [node]
    while chain[-1].name not in draft.outputs:
        readers = [other for other in draft.nodes if chain[-1].name in other.inputs]
        activates = isinstance(chain[-1].spec, Dense) and isinstance(readers[0].spec, Activation)
        if len(readers) != 1 or not (activates or readers[0] in shared):
            break
        chain.append(readers[0])
    return chain


def _engine(chain: Sequence[Node]) -> SharedDense:
    """Return one engine for a chain; no layer takes more cycles than its own reuse factor."""
    first = chain[0].spec
    assert isinstance(first, Dense)
    layers: list[SharedLayer] = []
    multipliers = 1
    for node in chain:
        spec = node.spec
        if isinstance(spec, Dense):
            if spec.skip_zeros:
                raise ChronogateError(
                    f"layer {node.name!r}: Strategy='Shared' cannot skip zeros: "
                    "leave SkipZeros out, or use Strategy='Resource'"
                )
            if spec.reloadable != first.reloadable:
                raise ChronogateError(
                    f"layer {node.name!r}: layers with Strategy='Shared' have one memory for their "
                    f"weights, and {chain[0].name!r} differs in Reloadable: give them the same"
                )
            layers.append(SharedLayer(spec.kernel, spec.bias, spec.kernel_format, spec.bias_format))
            multipliers = max(multipliers, ceil(spec.kernel.size / spec.reuse))
        elif isinstance(spec, Activation):
            layers[-1] = replace(layers[-1], function=spec.function)
    return SharedDense(
        tuple(layers), first.input, multipliers, first.steps, first.series, _storage(chain),
        reloadable=first.reloadable,
    )  # fmt: skip


def _storage(chain: Sequence[Node]) -> Storage:
    """Return where the weights of a chain lie, which have one memory."""
    wanted = {node.spec.storage: node.name for node in chain if isinstance(node.spec, Dense)}
    if len(wanted) > 1:
        raise ChronogateError(
            f"layer {chain[-1].name!r}: layers with Strategy='Shared' have one memory for their "
            f"weights, but Storage is {' and '.join(wanted)}: give them the same"
        )
    return next(iter(wanted))


def _only_quantizer(draft: Draft, layer: LayerDraft) -> LayerDraft | None:
    """Return the QActivation that alone reads a layer, where it is a plain format."""
    behind = draft.consumers(layer.name)
    if len(behind) != 1 or behind[0].kind != "QActivation" or layer.name in draft.outputs:
        return None
    if any(behind[0].quantizer is curve for curve in FLOAT_CURVES):
        return None
    return behind[0] if plain_format(quantizer_of(behind[0])) is not None else None


def _averaged(layer: LayerDraft) -> int:
    """Return how many values an average is over."""
    if layer.kind == "Average":
        return len(layer.inputs)
    if layer.kind == "GlobalAveragePooling1D":
        return int(layer.source.input_shape[1])
    size = layer.source.pool_size
    return int(size[0] if isinstance(size, (tuple, list)) else size)


def _merge(draft: Draft, first: LayerDraft, second: LayerDraft, both: LayerDraft) -> Draft:
    """Put one layer in the place of two; it has the name of the second."""
    layers = tuple(
        both if layer is second else layer for layer in draft.layers if layer is not first
    )
    return replace(draft, layers=layers)
