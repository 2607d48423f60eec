"""What a user calls: `convert` and `config_from_keras_model`."""

from collections.abc import Mapping
from contextlib import nullcontext
from copy import deepcopy
from pathlib import Path

from hls4ml.backends import get_available_backends
from hls4ml.converters import keras_v2_to_hls
from hls4ml.model.graph import ModelGraph
from hls4ml.utils import config_from_keras_model as stock_config
from hls4ml.utils.config import create_config

from accel.conversion import backend as amaranth
from accel.conversion.backend import network_of
from accel.conversion.canonical import call_names, canonical
from accel.conversion.check import check_model
from accel.conversion.frontend import ModelDictionary, exact_handlers
from accel.conversion.hls import EXACT_BACKENDS, exact_settings, hls_graph
from accel.conversion.hls4ml_compat import mend
from accel.conversion.hls_layers.blocks import stock_reason
from accel.conversion.keys import check_keys
from accel.conversion.settings import HlsConfig, for_every_call
from accel.keras_models.files import load_model
from accel.qkeras_compat import keras, quiet_serialization
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.metadata import Metadata

__all__ = ["config_from_keras_model", "convert", "network_of", "to_network"]

amaranth.register_if_missing()
mend(amaranth.NAME)


def convert(
    model: keras.Model | str | Path,
    output_dir: str | Path = "accelerator",
    project_name: str = "accelerator",
    backend: str = amaranth.NAME,
    hls_config: HlsConfig | None = None,
    io_type: str = "io_stream",
    metadata: Metadata | None = None,
    input_data_tb: str | None = None,
    output_data_tb: str | None = None,
    bit_exact: bool | None = None,
    version: str = "1.0.0",
    **hls4ml_arguments: object,
) -> ModelGraph:
    """Convert a QKeras model; takes what ``hls4ml.converters.convert_from_keras_model`` takes.

    Parameters
    ----------
    model
        A Sequential or functional model, or the path of an ``.h5`` file.
    output_dir, project_name
        Where `compile`, `write` and `build` put their results, and the design's name.
    backend
        ``Amaranth``, or one of hls4ml's own; of these Vitis and Vivado get more than dense layers
        and plain quantizers, by templates of ours.
    hls_config
        As hls4ml's, by layer name, by layer type or for the model: ``ReuseFactor`` and
        ``RecurrentReuseFactor`` (n_in for dense layers and the number of units for recurrent
        ones where nothing is said), ``Strategy`` (``Latency``, ``Resource``, ``Shared``),
        ``SkipZeros``, ``AdderLevels``, ``TableSize``. For the model also ``Mode`` (``window``,
        ``sliding``, ``streaming``), ``Series``, and a target for the balancer:
        ``TargetInterval``, ``TargetMultipliers``, or ``TargetClock`` with ``TargetRate``. See
        `accel.conversion.keys` and docs/conversion.md. Without a configuration, hls4ml's own
        backends compute exactly what Amaranth does; with one, they convert as hls4ml does, unless
        the model has a recurrent layer or a dilated convolution, which is always exact and takes
        nothing but reuse factors and the input's precision from it.
    io_type
        ``io_stream`` or ``io_parallel``: the same RTL; only HLS backends differ.
    metadata
        Names, units and scaling to travel with the network.
    hls4ml_arguments
        Whatever else the backend's configuration takes.

    Returns
    -------
    hls4ml.model.graph.ModelGraph
        With `Network` as its attribute ``network``; nothing is written yet.

    Raises
    ------
    ChronogateError
        When the model cannot be converted exactly.
    """
    if isinstance(model, (str, Path)):
        model = load_model(model)
    check_model(model)
    given, model = model, canonical(model)
    available = get_available_backends()
    if backend.lower() not in available:
        raise ChronogateError(f"there is no backend {backend!r}: use one of {', '.join(available)}")
    ours = backend.lower() == amaranth.NAME.lower()
    config = create_config(
        str(output_dir), project_name, backend, version, io_type=io_type, **hls4ml_arguments
    )
    config |= {"InputData": input_data_tb, "OutputPredictions": output_data_tb}
    if backend.lower() in EXACT_BACKENDS and (hls_config is None or _beyond_hls4ml(model)):
        return hls_graph(to_network(model, metadata, hls_config), config)
    stock = not ours and hls_config is not None
    if hls_config is None and not ours:
        hls_config = _exact_settings(model, backend, io_type)
    settings = for_every_call(deepcopy(dict(hls_config or {})), call_names(given))
    if ours:
        check_keys(settings)
    config |= {
        "KerasModel": given if stock else model,
        "NetworkMetadata": metadata,
        "HLSConfig": {**settings, "Model": _model_settings(settings, ours, bit_exact)},
    }
    with nullcontext() if stock else exact_handlers(), quiet_serialization():
        return keras_v2_to_hls(config)


def to_network(
    model: keras.Model | str | Path,
    metadata: Metadata | None = None,
    hls_config: HlsConfig | None = None,
) -> Network:
    """Convert a QKeras model and return only its network; see `convert`."""
    return amaranth.network_of(convert(model, hls_config=hls_config, metadata=metadata))


def config_from_keras_model(
    model: keras.Model | str | Path,
    granularity: str = "model",
    backend: str | None = amaranth.NAME,
    default_precision: str = "fixed<16,6>",
    default_reuse_factor: int = 1,
    max_precision: str | None = None,
) -> dict[str, object]:
    """Return a configuration to edit: the twin of ``hls4ml.utils.config_from_keras_model``.

    Parameters
    ----------
    model
        A Keras 2 model, or the path of an ``.h5`` file.
    granularity
        ``model``, ``type`` or ``name``.
    backend
        Whose keys to list.
    default_precision, default_reuse_factor, max_precision
        As in hls4ml. Amaranth derives every format from the model's quantizers, so that only an
        input's precision has an effect there.
    """
    if isinstance(model, (str, Path)):
        model = load_model(model)
    check_model(model)
    model = canonical(model)
    with exact_handlers(), quiet_serialization():
        config = stock_config(
            ModelDictionary(model),
            granularity,
            backend,
            default_precision,
            default_reuse_factor,
            max_precision,
        )
    if (backend or "").lower() == amaranth.NAME.lower():
        # hls4ml's default, Latency, would unroll every layer into adders.
        config["Model"]["Strategy"] = "Resource"
    for kind in ("LayerType", "LayerName"):
        for layer in config.get(kind, {}).values():
            # hls4ml fills the default into keys called ReuseFactor only.
            if "RecurrentReuseFactor" in layer:
                layer["RecurrentReuseFactor"] = default_reuse_factor
    return config


def _model_settings(
    settings: Mapping[str, object], ours: bool, bit_exact: bool | None
) -> dict[str, object]:
    given = settings.get("Model")
    model: dict[str, object] = {"Precision": "fixed<16,6>", "BitExact": bit_exact}
    if not ours:
        model["ReuseFactor"] = 1
    return model | (dict(given) if isinstance(given, Mapping) else {})


def _exact_settings(model: keras.Model, backend: str, io_type: str) -> dict[str, object]:
    # hls4ml's own graph has all units, and so need the formats.
    graph = convert(model, hls_config={"Model": {"RemoveDeadUnits": False}}, io_type=io_type)
    reason = stock_reason(network_of(graph))
    if reason:
        raise ChronogateError(
            f"{backend} would not be exact, {reason}: use backend={amaranth.NAME!r}, 'Vitis' or "
            "'Vivado', or give an hls_config for hls4ml's own conversion"
        )
    return exact_settings(graph)


def _beyond_hls4ml(model: keras.Model) -> bool:
    """Tell whether hls4ml's own layers compute something else, whatever their precisions."""
    kinds = keras.layers.RNN, keras.layers.Bidirectional
    return any(
        isinstance(layer, kinds) or max(getattr(layer, "dilation_rate", (1,))) > 1
        for layer in model.layers
    )
