"""What the user's ``hls_config`` says of a layer, and of the whole model.

A layer's key is looked up by layer name, then by layer type (Keras's or hls4ml's name of it), then
for the whole model, as hls4ml does it. The keys themselves are in `accel.conversion.keys`.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from hls4ml.backends.fpga.fpga_backend import FPGABackend
from hls4ml.model.types import FixedPrecisionType, IntegerPrecisionType, PrecisionType

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.product.storage import Storage

HlsConfig = Mapping[str, object]
"""hls4ml's nested configuration dictionary."""


DELTA_KEYS = ("InputThreshold", "StateThreshold")
"""What of a value's change costs no products, in the units of the value."""


class Strategy(StrEnum):
    """How the products of a layer are computed."""

    LATENCY = "latency"  # unrolled into adders, a beat every cycle
    RESOURCE = "resource"  # multipliers of its own, used in turn
    SHARED = "shared"  # multipliers for everything, used in turn


def check_layer_names(config: HlsConfig, names: Iterable[str]) -> None:
    """Refuse a configuration of layers that are not there, which hls4ml would pass over."""
    known = tuple(names)
    for name in table(config, "LayerName"):
        if name not in known:
            raise ChronogateError(
                f"hls_config names a layer {name!r} that the model does not "
                f"have: use one of {', '.join(known)}"
            )


def for_every_call(
    config: dict[str, object], calls: Mapping[str, tuple[str, ...]]
) -> dict[str, object]:
    """Return the configuration with what is said of a shared layer said of each of its calls."""
    layers = dict(table(config, "LayerName"))
    for name, copies in calls.items():
        for copy in copies if name in layers else ():
            layers.setdefault(copy, layers[name])
    return {**config, "LayerName": layers} if layers else config


def reuse_factor(config: HlsConfig, name: str, types: Iterable[str], key: str) -> int | None:
    """Return ``ReuseFactor`` or ``RecurrentReuseFactor`` of a layer, if anything is said.

    The configuration was checked by `accel.conversion.keys.check_keys`.
    """
    value = _look_up(config, name, types, key)
    return value if isinstance(value, int) else None


def gate_reuse_factors(config: HlsConfig, name: str, types: Iterable[str]) -> tuple[int, ...]:
    """Return ``GateReuseFactors`` of a recurrent layer; nothing where nothing is said."""
    value = _look_up(config, name, types, "GateReuseFactors")
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def strategy(config: HlsConfig, name: str, types: Iterable[str]) -> Strategy:
    """Return the layer's ``Strategy``; `Strategy.RESOURCE` where nothing is said."""
    value = _look_up(config, name, types, "Strategy")
    return Strategy(value.lower()) if isinstance(value, str) else Strategy.RESOURCE


def skips_zeros(config: HlsConfig, name: str, types: Iterable[str]) -> bool:
    """Return the layer's ``SkipZeros``."""
    return bool(_look_up(config, name, types, "SkipZeros"))


def reloadable(config: HlsConfig, name: str, types: Iterable[str]) -> bool:
    """Return the layer's ``Reloadable``."""
    return bool(_look_up(config, name, types, "Reloadable"))


def adder_levels(config: HlsConfig, name: str, types: Iterable[str]) -> int | None:
    """Return the layer's ``AdderLevels``, the adders between two registers when unrolled."""
    value = _look_up(config, name, types, "AdderLevels")
    return value if isinstance(value, int) else None


def storage(config: HlsConfig, name: str, types: Iterable[str]) -> Storage | None:
    """Return the layer's ``Storage``, if anything is said."""
    value = _look_up(config, name, types, "Storage")
    return Storage(value.lower()) if isinstance(value, str) else None


def delta_thresholds(
    config: HlsConfig, name: str, types: Iterable[str]
) -> tuple[float, float] | None:
    """Return ``InputThreshold`` and ``StateThreshold``, or ``None`` where neither is given."""
    given = [_look_up(config, name, types, key) for key in DELTA_KEYS]
    if all(value is None for value in given):
        return None
    inputs, states = (float(v) if isinstance(v, (int, float)) else 0.0 for v in given)
    return inputs, states


def names_layer(config: HlsConfig, name: str, key: str) -> bool:
    """Tell whether the configuration gives `key` to this very layer."""
    return table(table(config, "LayerName"), name).get(key) is not None


def table_size(config: HlsConfig, name: str, types: Iterable[str]) -> int | None:
    """Return the layer's ``TableSize``; a default for the model does not count."""
    value = _look_up(_without_model(config), name, types, "TableSize")
    return value if isinstance(value, int) else None


def result_precision(config: HlsConfig, name: str, types: Iterable[str]) -> FixedPoint:
    """Return the format that hls4ml gives a layer's result: its own or the model's default."""
    given = _look_up(config, name, types, "Precision")
    if isinstance(given, Mapping):
        given = given.get("result", given.get("default"))
    if given is None or (isinstance(given, str) and given.lower() == "auto"):
        given = "fixed<16,6>"
    return fixed_point(parse_precision(given), f"layer {name!r}")


def check_result_precision(
    config: HlsConfig, name: str, types: Iterable[str], exact: FixedPoint
) -> None:
    """Refuse a precision given for a layer that does not hold what its values are.

    Raises
    ------
    ChronogateError
        When bits would be lost, which no quantizer of the model says.
    """
    given = input_precision(config, name, types)
    if given is None:
        return
    grid, fraction = given.plain(), max(given.fraction, exact.fraction)
    least, most = (code << (fraction - exact.fraction) for code in (exact.minimum, exact.maximum))
    shift = fraction - given.fraction
    if shift or least < grid.minimum << shift or most > grid.maximum << shift:
        raise ChronogateError(
            f"layer {name!r}: Precision {given} does not hold its values, which are {exact.plain()}"
            ": leave the precision out, or put a QActivation behind the layer"
        )


def input_precision(config: HlsConfig, name: str, types: Iterable[str]) -> FixedPoint | None:
    """Return the format that the configuration gives the layer `name`, an input's or not, if any.

    The model-wide default precision does not count: hls4ml always fills it in.
    """
    precision = _look_up(_without_model(config), name, types, "Precision")
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
    tables = [table(table(config, "LayerName"), name)]
    tables += [table(table(config, "LayerType"), kind) for kind in types]
    tables.append(table(config, "Model"))
    return next((found[key] for found in tables if found.get(key) is not None), None)


def _without_model(config: HlsConfig) -> HlsConfig:
    return {key: value for key, value in config.items() if key != "Model"}


def table(config: HlsConfig, key: str) -> HlsConfig:
    """Return a part of the configuration, empty where it is not there."""
    value = config.get(key)
    return value if isinstance(value, Mapping) else {}
