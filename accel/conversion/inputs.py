"""The formats of a network's inputs, and what stands between an input and the first layers.

An input has the format of the QActivation that all its readers share, which then is the host's
work; an initial state without one has that of the layer's state quantizer.
"""

from collections.abc import Iterable
from dataclasses import replace

from accel.conversion.deployment import series_of
from accel.conversion.draft import Draft, InputDraft, LayerDraft
from accel.conversion.formats import format_of, plain_format
from accel.conversion.layers.common import quantizer_of
from accel.conversion.piece import Piece, Wire
from accel.conversion.place import Place
from accel.conversion.settings import input_precision
from hw.errors import ChronogateError
from hw.layer.shape.unflatten import Unflatten
from hw.network.mode import Mode
from hw.number.fixed_point import FixedPoint
from hw.stream import Port

INPUT_TYPES = ("InputLayer", "Input")
TRANSPARENT = ("Flatten", "Reshape", "Permute", "Cropping1D", "RepeatVector")
"""Kinds through which a number format passes unchanged."""

RECURRENT = ("QSimpleRNN", "QLSTM", "QGRU")


def choose_input_formats(draft: Draft) -> Draft:
    """Give every input of the network its format, and take its quantizers out of the graph."""
    for given in draft.inputs:
        draft = _choose(draft, given)
    return draft


def incoming(name: str, shape: tuple[int, ...], port: Port) -> Piece:
    """Return what brings an input to the layers that read it.

    An input of other time steps than the leading one comes as one beat, and is taken apart here.
    """
    # Codes arrive from outside: any code of the grid, whatever the quantizer can give.
    plain = replace(port, format=port.format.plain())
    piece = Piece.begin(Wire(port.name, plain))
    if port.steps is None and len(shape) == 2:
        piece = piece.then(f"{name}_steps", Unflatten(*shape, port.format))
    return piece


def _choose(draft: Draft, given: InputDraft) -> Draft:
    name = given.name
    configured = input_precision(draft.config, name, INPUT_TYPES)
    first = _first_quantizers(draft, name)
    formats = set[FixedPoint | None](first.values()) if first else set()
    found = formats.pop() if len(formats) == 1 else None
    if formats and configured is None:
        raise ChronogateError(
            f"input {name!r} is quantized in several ways: put one QActivation behind "
            "it that all layers share, or set "
            f"hls_config['LayerName']['{name}']['Precision']"
        )
    if found is None and configured is None:
        raise ChronogateError(
            f"input {name!r} has no number format: begin the model with "
            "QActivation(quantized_bits(bits, integer, alpha=1)), or set "
            f"hls_config['LayerName']['{name}']['Precision']"
        )
    folded = _folded(draft, first or ())
    if found is not None and configured is not None and found != configured and folded:
        raise ChronogateError(
            f"input {name!r} is quantized to {found} by the model and to {configured} by "
            "hls_config: leave the Precision of the input out"
        )
    format = configured or found
    assert format is not None  # one of the two is there, checked above
    if found is not None:
        quantizers = [layer for layer in folded if layer.kind == "QActivation"]
        draft = draft.without({layer.name: layer.inputs[0] for layer in quantizers})
    chosen = replace(given, port=_port(draft, given, format))
    inputs = tuple(chosen if other.name == name else other for other in draft.inputs)
    return replace(draft, inputs=inputs)


def _folded(draft: Draft, first: Iterable[str]) -> list[LayerDraft]:
    """Return the readers of an input whose rounding becomes the host's work.

    A quantizer that is an output of the model stays a layer: what leaves is computed, and an
    input of other bits (hls4ml's fixed<16,6>) may come to it.
    """
    names = set(first)
    return [
        layer
        for layer in draft.layers
        if layer.name in names and (layer.kind != "QActivation" or layer.name not in draft.outputs)
    ]


def _first_quantizers(draft: Draft, name: str) -> dict[str, FixedPoint | None] | None:
    """Return the formats in which the readers of `name` take it, by layer.

    ``None`` if a reader takes its values as they are.
    """
    found: dict[str, FixedPoint | None] = {}
    if name in draft.outputs:
        return None
    for layer in draft.consumers(name):
        if layer.kind == "QActivation":
            found[layer.name] = plain_format(quantizer_of(layer))
        elif layer.kind in RECURRENT and layer.inputs[0] != name:
            found[layer.name] = state_format(layer)
        elif layer.kind in TRANSPARENT:
            behind = _first_quantizers(draft, layer.name)
            if not behind:
                return None
            found |= behind
        else:
            return None
    return found


def state_format(layer: LayerDraft) -> FixedPoint:
    """Return the format into which a recurrent layer brings its initial states."""
    quantizer = layer.source.cell.state_quantizer_internal
    return format_of(quantizer, Place(layer.name, "state_quantizer"))


def _port(draft: Draft, given: InputDraft, format: FixedPoint) -> Port:
    series = series_of(draft.config)
    leading = next((other for other in draft.inputs if len(other.shape) == 2), given)
    match given.shape:
        case (channels,) if draft.mode is not Mode.STREAMING:
            return Port(given.name, channels, format, None, series)
        case (channels,) | (_, channels) if draft.mode is Mode.STREAMING:
            return Port(given.name, channels, format, 1, series)
        case (steps, channels) if steps == leading.shape[0]:
            return Port(given.name, channels, format, steps, series)
        case (steps, channels):
            return Port(given.name, steps * channels, format, None, series)
    raise ChronogateError(
        f"input {given.name!r} has the shape {given.shape}: give it as (look_back, features)"
    )
