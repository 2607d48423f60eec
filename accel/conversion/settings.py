"""What the user's ``hls_config`` says of a layer: reuse factors and the input's precision.

A key is looked up by layer name, then by layer type (Keras's or hls4ml's name of it), then for
the whole model, as hls4ml does it.
"""

from collections.abc import Iterable, Mapping

from hls4ml.backends.fpga.fpga_backend import FPGABackend
from hls4ml.model.types import FixedPrecisionType, IntegerPrecisionType, PrecisionType

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint, Overflow, Rounding

HlsConfig = Mapping[str, object]
"""hls4ml's nested configuration dictionary."""

REUSE_KEYS = ("ReuseFactor", "RecurrentReuseFactor")


def check_reuse_factors(config: HlsConfig) -> None:
    """Refuse a configuration with a reuse factor that is no whole number of at least 1."""
    tables = {"the model": _table(config, "Model")}
    for kind in ("LayerType", "LayerName"):
        layers = _table(config, kind)
        tables |= {f"layer {name!r}": _table(layers, name) for name in layers}
    for where, table in tables.items():
        for key in REUSE_KEYS:
            value = table.get(key)
            if value is not None and (type(value) is not int or value < 1):
                raise ChronogateError(
                    f"{where}: {key} is {value!r}: give a whole number of cycles, 1 or more"
                )


def check_layer_names(config: HlsConfig, names: Iterable[str]) -> None:
    """Refuse a configuration of layers that are not there, which hls4ml would pass over."""
    known = tuple(names)
    for name in _table(config, "LayerName"):
        if name not in known:
            raise ChronogateError(
                f"hls_config names a layer {name!r} that the model does not "
                f"have: use one of {', '.join(known)}"
            )


def reuse_factor(config: HlsConfig, name: str, types: Iterable[str], key: str) -> int | None:
    """Return ``ReuseFactor`` (or another of `REUSE_KEYS`) of a layer, ``None`` if nothing is said.

    The configuration was checked by `check_reuse_factors`.
    """
    value = _look_up(config, name, types, key)
    return value if isinstance(value, int) else None


def input_precision(config: HlsConfig, name: str, types: Iterable[str]) -> FixedPoint | None:
    """Return the format that the configuration gives the input layer `name`, if any.

    The model-wide default precision does not count: hls4ml always fills it in.
    """
    layer_only = {key: value for key, value in config.items() if key != "Model"}
    precision = _look_up(layer_only, name, types, "Precision")
    if isinstance(precision, Mapping):
        precision = precision.get("result", precision.get("default"))
    if precision is None or (isinstance(precision, str) and precision.lower() == "auto"):
        return None
    return fixed_point(parse_precision(precision), f"layer {name!r}")


def parse_precision(precision: object) -> PrecisionType:
    """Parse a precision, text or hls4ml's object, as hls4ml's own backends do."""
    try:
        parsed = FPGABackend.convert_precision_string(precision)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        parsed = None
    if parsed is None:
        raise ChronogateError(
            f"{precision!r} in hls_config is no precision: "
            "write it like ap_fixed<8,3,AP_RND_CONV,AP_SAT>"
        )
    return parsed


def fixed_point(precision: PrecisionType, where: str) -> FixedPoint:
    """Translate hls4ml's precision type."""
    if isinstance(precision, IntegerPrecisionType):
        return FixedPoint(precision.width, precision.width, bool(precision.signed))
    if not isinstance(precision, FixedPrecisionType) or precision.saturation_bits:
        raise ChronogateError(
            f"{where}: precision {precision} has no exact hardware: "
            "write it like ap_fixed<8,3,AP_RND_CONV,AP_SAT>"
        )
    return FixedPoint(
        precision.width,
        precision.integer,
        bool(precision.signed),
        Rounding(str(precision.rounding_mode)),
        Overflow(str(precision.saturation_mode)),
    )


def precision_type(format: FixedPoint) -> FixedPrecisionType:
    """Translate a format to hls4ml's precision type."""
    return FixedPrecisionType(
        format.width, format.integer, format.signed, str(format.rounding), str(format.overflow)
    )


def _look_up(config: HlsConfig, name: str, types: Iterable[str], key: str) -> object:
    tables = [_table(_table(config, "LayerName"), name)]
    tables += [_table(_table(config, "LayerType"), kind) for kind in types]
    tables.append(_table(config, "Model"))
    return next((table[key] for table in tables if table.get(key) is not None), None)


def _table(config: HlsConfig, key: str) -> HlsConfig:
    value = config.get(key)
    return value if isinstance(value, Mapping) else {}
