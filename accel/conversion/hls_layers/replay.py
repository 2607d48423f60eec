"""`hw.layer.replay.Replay`, which turns a window round for ``go_backwards``."""

from accel.conversion.hls_layers.code import Template, cpp_struct
from hw.layer.replay import Replay


def replay(name: str, spec: Replay) -> Template:
    """Return the layer's template."""
    members: dict[str, str | int] = {
        "n_in": spec.channels,
        "n_sequence": spec.steps,
        "backwards": int(spec.backwards),
    }
    return Template(
        "chronogate_replay.h",
        "chronogate::replay",
        cpp_struct(name, members),
        name,
        spec.outputs[0],
    )
