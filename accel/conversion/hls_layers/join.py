"""Blocks of several inputs as ``chronogate::join``."""

from accel.conversion.hls_layers.code import Template, cpp_lookup, template_of
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.multiply import Multiply

HEADER = "chronogate_join.h"
JOIN = "chronogate::join"


def add(name: str, spec: Add) -> Template:
    """Return `Add`; factors of one become wires."""
    width = max(factor.bit_length() for factor in spec.factors) + 1
    members = {"factor_t": f"ap_int<{width}>", "combine": f"chronogate::add<{name}>"}
    factors = cpp_lookup("factor", spec.factors)
    return template_of(spec, HEADER, JOIN, name, members, inside=factors)


def multiply(name: str, spec: Multiply) -> Template:
    """Return `Multiply`."""
    return template_of(spec, HEADER, JOIN, name, {"combine": f"chronogate::multiply<{name}>"})


def concatenate(name: str, spec: Concatenate) -> Template:
    """Return `Concatenate`."""
    return template_of(spec, HEADER, JOIN, name, {"combine": "chronogate::concatenate"})
