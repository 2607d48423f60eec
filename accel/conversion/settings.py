"""What the user's ``hls_config`` says of a layer: reuse factors and the input's precision.

A key is looked up by layer name, then by layer type (Keras's or hls4ml's name of it), then for
the whole model, as hls4ml does it.
"""

from collections.abc import Iterable, Mapping

from hls4ml.backends.fpga.fpga_backend import FPGABackend
from hls4ml.model.types import FixedPrecisionType, IntegerPrecisionType, PrecisionType

from hw.errors import ChronogateError
from hw.fixed_point import FixedPoint, Overflow, Rounding

HlsConfig = Mapping[str, "HlsConfig | str | int | float | bool | None"]
"""hls4ml's nested configuration dictionary."""


def reuse_factor(config: HlsConfig, name: str, types: Iterable[str], key: str) -> int | None:
    """Return ``ReuseFactor`` (or another such `key`) of a layer, ``None`` when nothing is said.

    Raises
    ------
    ChronogateError
        When it is no whole number of at least 1.
    """
    value = _look_up(config, name, types, key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ChronogateError(
            f"layer {name!r}: {key} is {value!r}: give a whole number of cycles, 1 or more"
        )
    return value


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
    try:
        parsed = FPGABackend.convert_precision_string(precision)
    except (AttributeError, IndexError, KeyError, ValueError):
        raise ChronogateError(f"layer {name!r}: {precision!r} is no precision: "
                              "write it like ap_fixed<8,3,AP_RND_CONV,AP_SAT>") from None
    return fixed_point(parsed, f"layer {name!r}")


def fixed_point(precision: PrecisionType, where: str) -> FixedPoint:
    """Translate hls4ml's precision type."""
    if isinstance(precision, IntegerPrecisionType):
        return FixedPoint(precision.width, precision.width, bool(precision.signed))
    if not isinstance(precision, FixedPrecisionType) or precision.saturation_bits:
        raise ChronogateError(f"{where}: precision {precision} has no exact hardware: "
                              "write it like ap_fixed<8,3,AP_RND_CONV,AP_SAT>")
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
