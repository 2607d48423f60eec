"""The twins of hls4ml's converters for Keras 3, QONNX and PyTorch."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from hls4ml.converters import keras_v3_to_hls, onnx_to_hls, pytorch_to_hls
from hls4ml.model.graph import ModelGraph
from hls4ml.utils.config import create_config

from accel.conversion.backend import NAME, register_if_missing
from accel.conversion.imported.brevitas import brevitas_handlers
from accel.conversion.imported.preparation import check_keras_3, prepared_onnx
from accel.conversion.keys import check_keys
from accel.conversion.lowering import is_keras_2
from accel.conversion.settings import HlsConfig
from hw.errors import ChronogateError
from hw.network.metadata import Metadata

UNREAD = AssertionError, NotImplementedError, RuntimeError, ValueError, KeyError
"""What hls4ml's front ends raise of a model that they do not know, beside plain exceptions."""

register_if_missing()


def convert_from_keras_model(
    model: object,
    output_dir: str | Path = "accelerator",
    project_name: str = "accelerator",
    **options: Any,
) -> ModelGraph:
    """Convert a Keras model: of Keras 3 with HGQ2's layers here, of Keras 2 by `accel.convert`.

    Parameters
    ----------
    model
        A built model. Its quantized inference (``training=False``) is what is computed.
    output_dir, project_name
        As of `accel.conversion.entry.convert`.
    options
        Its ``hls_config`` and ``metadata``, and whatever else the backend's configuration takes.

    Returns
    -------
    hls4ml.model.graph.ModelGraph
        With `Network` as its attribute ``network``; nothing is written yet.

    Raises
    ------
    ChronogateError
        When the model cannot be converted exactly.
    """
    if is_keras_2(model) or isinstance(model, (str, Path)):
        from accel.conversion.entry import convert

        return convert(model, output_dir, project_name, **options)  # pyright: ignore[reportArgumentType]
    check_keras_3(model)
    config = _config(output_dir, project_name, **options) | {"KerasModel": model}
    return _parsed(lambda: keras_v3_to_hls(config, False, False))


def convert_from_onnx_model(
    model: object,
    output_dir: str | Path = "accelerator",
    project_name: str = "accelerator",
    **options: Any,
) -> ModelGraph:
    """Convert a QONNX model.

    Parameters
    ----------
    model
        An ONNX model with ``Quant`` nodes, or the path of its file. It is cleaned up and brought
        into the channels-last form on the way, as hls4ml's documentation asks of its users; then
        convolutional windows are ``(steps, channels)``.
    output_dir, project_name, options
        As of `convert_from_keras_model`; so are result and errors.
    """
    config = _config(output_dir, project_name, **options) | {"OnnxModel": prepared_onnx(model)}
    return _parsed(lambda: onnx_to_hls(config))


def convert_from_pytorch_model(
    model: object,
    input_shape: tuple[int, ...],
    output_dir: str | Path = "accelerator",
    project_name: str = "accelerator",
    **options: Any,
) -> ModelGraph:
    """Convert a PyTorch model whose quantizers are Brevitas's modules.

    Parameters
    ----------
    model
        A ``torch.nn.Module`` that ``torch.fx`` traces, in evaluation mode.
    input_shape
        Of one window, without the batch, as the model takes it (channels first before Conv1d).
    output_dir, project_name, options
        As of `convert_from_keras_model`; so are result and errors.
    """
    config = _config(output_dir, project_name, **options)
    config |= {"PytorchModel": model, "InputShape": [[None, *input_shape]]}
    with brevitas_handlers():
        return _parsed(lambda: pytorch_to_hls(config))


def _config(
    output_dir: str | Path,
    project_name: str,
    hls_config: HlsConfig | None = None,
    metadata: Metadata | None = None,
    backend: str = NAME,
    **others: Any,
) -> dict[str, object]:
    """Return hls4ml's configuration of a conversion, but for the model."""
    if backend.lower() != NAME.lower():
        raise ChronogateError(
            f"backend {backend!r} is not exact for this front end: use backend={NAME!r}, or "
            "hls4ml's own converter"
        )
    settings = deepcopy(dict(hls_config or {}))
    check_keys(settings)
    config: dict[str, object] = create_config(str(output_dir), project_name, NAME, **others)
    given = settings.get("Model")
    model = {"Precision": "fixed<16,6>", **(given if isinstance(given, dict) else {})}
    return config | {"NetworkMetadata": metadata, "HLSConfig": {**settings, "Model": model}}


def _parsed(parse: Callable[[], ModelGraph]) -> ModelGraph:
    """Call one of hls4ml's front ends; what it cannot read is refused in a sentence."""
    try:
        return parse()
    except ChronogateError:
        raise
    except Exception as error:
        if not isinstance(error, UNREAD) and type(error) is not Exception:
            raise
        raise ChronogateError(
            f"hls4ml's front end does not read this model ({error}): use layers that it knows"
        ) from error
