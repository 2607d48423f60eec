"""`hw.layer.elementwise.batch_normalization.BatchNormalization` as ``chronogate::normalize``.

hls4ml's own would be merged into the layer before, whose weights have formats of their own.
"""

from accel.conversion.hls_layers.code import Template, Weight, cpp_type, template_of
from hw.layer.elementwise.batch_normalization import BatchNormalization


def batch_normalization(name: str, spec: BatchNormalization) -> Template:
    """Return the layer's template."""
    members: dict[str, str | int] = {
        "weight_t": cpp_type(spec.scale_format.plain()),
        "bias_t": cpp_type(spec.offset_format.plain()),
        "reuse_factor": spec.reuse,
        "multiplier_limit": len(spec.groups),
    }
    weights = (
        Weight("scale", spec.scale, spec.scale_format.plain()),
        Weight("offset", spec.offset, spec.offset_format.plain()),
    )
    return template_of(
        spec,
        "chronogate_activation.h",
        "chronogate::normalize",
        name,
        members,
        weights=weights,
    )
