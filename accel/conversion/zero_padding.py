"""`ZeroPadding1D`: the zeros that it adds become the padding of the convolution behind it."""

from dataclasses import replace

from accel.conversion.draft import Draft, LayerDraft
from accel.conversion.layers.context import refuse
from hw.layer.convolution.receptive_field import Padding, ReceptiveField

CONVOLUTIONS = ("QConv1D", "Conv1D", "DepthwiseConv1D", "QSeparableConv1D", "SeparableConv1D")


def fold_zero_padding(draft: Draft) -> Draft:
    """Take zero paddings out of the graph.

    Raises
    ------
    ChronogateError
        When no convolution with ``padding='valid'`` alone reads the zeros, or they are others
        than those of its padding 'causal' or 'same'.
    """
    for layer in draft.layers:
        if layer.kind == "ZeroPadding1D":
            readers = [other for other in draft.layers if layer.name in other.inputs]
            if len(readers) != 1 or layer.name in draft.outputs:
                raise _refuse(layer)
            behind = replace(readers[0], padding=_padding(layer, readers[0]))
            layers = tuple(behind if each is readers[0] else each for each in draft.layers)
            draft = replace(draft, layers=layers).without({layer.name: layer.inputs[0]})
    return draft


def _padding(layer: LayerDraft, reader: LayerDraft) -> Padding:
    source = reader.source
    if reader.kind not in CONVOLUTIONS or source.padding != Padding.VALID:
        raise _refuse(layer)
    zeros = tuple(int(count) for count in layer.source.padding)
    steps = int(layer.source.input_shape[1])
    taps, dilation, stride = (
        int(size[0]) for size in (source.kernel_size, source.dilation_rate, source.strides)
    )
    for padding in (Padding.CAUSAL, Padding.SAME):
        field = ReceptiveField.padded(padding, steps, taps, dilation, stride, 1, 1)
        if (field.before, field.after) == zeros:
            return padding
    raise _refuse(layer)


def _refuse(layer: LayerDraft) -> Exception:
    return refuse(
        layer,
        "its zeros are not those of padding='causal' or 'same' of a single convolution right "
        "behind it",
        "pad in the convolution, with padding='causal' or 'same'",
    )
