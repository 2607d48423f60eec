"""Blocks that compute nothing: templates of ``chronogate_order.h``."""

from accel.conversion.hls_layers.code import Stock, Template, cpp_lookup, template_of
from hw.layer.elementwise.select import Select
from hw.layer.shape.crop import Crop
from hw.layer.shape.flatten import Flatten
from hw.layer.shape.replay import Replay
from hw.layer.shape.unflatten import Unflatten

HEADER = "chronogate_order.h"


def replay(name: str, spec: Replay) -> Template:
    """Return `Replay`, which turns a window round for ``go_backwards``."""
    members = {"backwards": int(spec.backwards)}
    return template_of(spec, HEADER, "chronogate::replay", name, members)


def reshape(name: str, spec: Flatten | Unflatten) -> Template:
    """Return `Flatten` or `Unflatten`.

    hls4ml's own flattening of a stream leaves its beats as they are, which only some of its own
    layers understand.
    """
    return template_of(spec, HEADER, "chronogate::reshape", name, {})


def reshape_in_place(spec: Flatten | Unflatten) -> Stock:
    """Return hls4ml's own reshape, which is another name for the same array in io_parallel."""
    port = spec.outputs[0]
    shape = [port.channels] if port.steps is None else [port.steps, port.channels]
    return Stock("Reshape", {"target_shape": shape}, {}, port)


def crop(name: str, spec: Crop) -> Template:
    """Return `Crop`."""
    return template_of(spec, HEADER, "chronogate::crop", name, {"begin": spec.begin})


def select(name: str, spec: Select) -> Template:
    """Return `Select`."""
    order = cpp_lookup("order", spec.order)
    return template_of(spec, HEADER, "chronogate::select", name, {}, inside=order)
