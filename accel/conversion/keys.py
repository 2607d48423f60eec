"""The keys of ``hls_config``: which there are, and what values they take.

hls4ml passes over a key that it does not know; here it is refused, since a misspelt key would
silently give another design.
"""

from collections.abc import Callable, Iterator

from hls4ml.model.attributes import ConfigurableAttribute, TypeAttribute
from hls4ml.model.layers import layer_map

from accel.conversion.settings import DELTA_KEYS, HlsConfig, Strategy, table
from hw.errors import ChronogateError
from hw.network.mode import Mode
from hw.product.storage import Storage

SECTIONS = ("Model", "LayerType", "LayerName", "Optimizers", "SkipOptimizers", "Flows")

Check = Callable[[object], str]
"""Returns what a value ought to be, or an empty string where it is right."""


def _whole(least: int, what: str) -> Check:
    def check(value: object) -> str:
        right = type(value) is int and value >= least
        return "" if right else f"give a whole number of {what}, {least} or more"

    return check


def _gates(value: object) -> str:
    right = isinstance(value, (list, tuple)) and all(type(v) is int and v >= 1 for v in value)
    return "" if right else "give a list of whole numbers of cycles, one for each gate"


def _one_of(choices: type[Strategy] | type[Mode] | type[Storage]) -> Check:
    def check(value: object) -> str:
        names = [str(choice).capitalize() for choice in choices]
        right = isinstance(value, str) and value.capitalize() in names
        return "" if right else f"write one of {', '.join(map(repr, names))}"

    return check


def _switch(value: object) -> str:
    return "" if type(value) is bool else "write True or False"


def _threshold(value: object) -> str:
    right = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    return "" if right else "give a number, 0 or more, in the units of the layer's values"


def _positive(value: object) -> str:
    right = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    return "" if right else "give a positive number"


LAYER_KEYS: dict[str, Check] = {
    "ReuseFactor": _whole(1, "cycles"),
    "RecurrentReuseFactor": _whole(1, "cycles"),
    "GateReuseFactors": _gates,
    "Strategy": _one_of(Strategy),
    "SkipZeros": _switch,
    "Reloadable": _switch,
    "AdderLevels": _whole(1, "adders"),
    "TableSize": _whole(1, "entries"),
    "Storage": _one_of(Storage),
    **dict.fromkeys(DELTA_KEYS, _threshold),
}
"""Keys of a layer, which may also stand in ``Model`` for all of them."""

MODEL_KEYS: dict[str, Check] = {
    **LAYER_KEYS,
    "Mode": _one_of(Mode),
    "Series": _whole(1, "series"),
    "RemoveDeadUnits": _switch,
    "TargetInterval": _whole(1, "cycles"),
    "TargetMultipliers": _whole(1, "multipliers"),
    "TargetClock": _positive,
    "TargetRate": _positive,
}
"""Keys of the model: its mode, and what the balancer is to reach."""

TARGETS = ("TargetInterval", "TargetMultipliers", "TargetClock")

HLS4ML_MODEL_KEYS = (
    "Precision", "BramFactor", "TraceOutput", "BitExact", "Trace", "Compression", "TargetCycles",
    "ConvImplementation", "PipelineStyle", "PipelineInterval", "ParallelizationFactor",
)  # fmt: skip
"""hls4ml's own keys, which its configurations hold; but for an input's ``Precision`` they do
nothing here, since formats follow from the model and RTL has no such choice."""


def check_keys(config: HlsConfig) -> None:
    """Refuse unknown keys and wrong values.

    Raises
    ------
    ChronogateError
        Naming the layer, the key and what to write.
    """
    for section in config:
        if section not in SECTIONS:
            raise _unknown("hls_config", section, SECTIONS)
    known = {"Precision", "Trace", *LAYER_KEYS, *HLS4ML_MODEL_KEYS, *_hls4ml_layer_keys()}
    for where, given, keys, others in _tables(config, known):
        for key, value in given.items():
            if key not in keys and key not in others:
                raise _unknown(where, key, (*keys, "Precision"))
            wanted = keys[key](value) if key in keys and value is not None else ""
            if wanted:
                raise ChronogateError(f"{where}: {key} is {value!r}: {wanted}")
    model = table(config, "Model")
    targets = [key for key in TARGETS if key in model]
    if len(targets) > 1:
        raise ChronogateError(f"the model: {' and '.join(targets)} cannot both be met: keep one")
    if ("TargetClock" in model) != ("TargetRate" in model):
        raise ChronogateError(
            "the model: TargetClock (MHz) and TargetRate (forecasts a second) belong together: "
            "give both"
        )


def _tables(
    config: HlsConfig, known: set[str]
) -> Iterator[tuple[str, HlsConfig, dict[str, Check], set[str]]]:
    yield "the model", table(config, "Model"), MODEL_KEYS, set(HLS4ML_MODEL_KEYS)
    for kind in ("LayerType", "LayerName"):
        layers = table(config, kind)
        for name in layers:
            yield f"layer {name!r}", table(layers, name), LAYER_KEYS, known


def _hls4ml_layer_keys() -> set[str]:
    """Return what hls4ml's own configurations of a layer hold."""
    keys: set[str] = set()
    for layer in set(layer_map.values()):
        for attribute in layer.expected_attributes:
            if isinstance(attribute, ConfigurableAttribute | TypeAttribute):
                keys.add(attribute.config_name)
    return keys


def _unknown(where: str, key: str, keys: tuple[str, ...]) -> ChronogateError:
    return ChronogateError(f"{where}: there is no key {key!r}: use one of {', '.join(keys)}")
