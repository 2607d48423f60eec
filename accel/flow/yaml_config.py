"""hls4ml's own configuration file, as ``hls4ml convert -c`` takes it, for the backend Amaranth.

The command of hls4ml 1.3 (``hls4ml.converters.convert_from_config``) passes over ``KerasH5``, and
loads what follows ``!keras_model`` with the package ``keras``, which QKeras does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from hw.errors import ChronogateError

SUFFIXES = (".yml", ".yaml")
FILE = "hls4ml_config.yml"
"""Its name in a run folder, as in hls4ml's projects."""

BACKEND = "Amaranth"
IO_TYPES = ("io_stream", "io_parallel")
MODELS = ("KerasH5", "KerasModel")

UNUSED = (
    "Version", "Part", "ClockPeriod", "ClockUncertainty", "WriterConfig", "Stamp", "XilinxPart",
)  # fmt: skip
"""Of the project of a vendor's tool; nothing of it concerns RTL."""

REFUSED = {
    "KerasJson": "save architecture and weights together and write KerasH5",
    "OnnxModel": "call accel.convert_from_onnx_model in Python",
    "PytorchModel": "call accel.convert_from_pytorch_model in Python",
    "Board": "name the board to `accel bitstream`",
    "InputData": "give windows to the RTL in Python, by predict",
    "OutputPredictions": "take what it gives in Python, by predict",
}
"""Keys of hls4ml's that would have no effect, and what to do instead."""

KEYS = (*MODELS, "Backend", "OutputDir", "ProjectName", "IOType", "HLSConfig", *UNUSED)


@dataclass(frozen=True)
class YamlConfig:
    """What the file says.

    Parameters
    ----------
    model
        The ``.h5`` file; as in hls4ml, relative to the working directory.
    folder
        ``OutputDir``; ``None`` where it is not given.
    name
        ``ProjectName``.
    io_type
        Of the HLS project; the RTL is the same.
    hls_config
        As for `accel.convert`.
    """

    model: Path
    folder: Path | None
    name: str
    io_type: str
    hls_config: Mapping[str, object]


class _Loader(yaml.SafeLoader):
    """Takes ``!keras_model``, which hls4ml writes in front of the model's path."""


_Loader.add_constructor("!keras_model", lambda loader, node: str(node.value))


def load_yaml_config(path: Path) -> YamlConfig:
    """Read hls4ml's configuration file.

    Raises
    ------
    ChronogateError
        When it is no YAML table, a key is unknown or has no effect, or a value is wrong.
    """
    try:
        # The loader is a safe one.
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise ChronogateError(f"{path} is no YAML: {problem}: correct it") from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise ChronogateError(
            f"{path} is no table of keys: write it as hls4ml's documentation says"
        )
    given = {key: value for key, value in found.items() if value is not None}
    for key in given:
        if key in REFUSED:
            raise ChronogateError(f"{path}: {key} has no effect here: {REFUSED[key]}")
        if key not in KEYS:
            raise ChronogateError(f"{path}: there is no key {key!r}: use one of {', '.join(KEYS)}")
    backend = _text(path, given, "Backend", BACKEND)
    if backend.lower() != BACKEND.lower():
        raise ChronogateError(
            f"{path}: Backend is {backend!r}: write {BACKEND}, beside whose RTL the exact Vitis "
            "project is written"
        )
    io_type = _text(path, given, "IOType", IO_TYPES[0])
    if io_type not in IO_TYPES:
        raise ChronogateError(f"{path}: IOType is {io_type!r}: write {' or '.join(IO_TYPES)}")
    models = [key for key in MODELS if key in given]
    if len(models) != 1:
        raise ChronogateError(
            f"{path} names {len(models) or 'no'} model{'s' * bool(models)}: write one of "
            f"{', '.join(MODELS)}"
        )
    settings = given.get("HLSConfig", {})
    if not isinstance(settings, dict):
        raise ChronogateError(f"{path}: HLSConfig is {settings!r}: write a table with Model in it")
    folder = _text(path, given, "OutputDir", "")
    return YamlConfig(
        Path(_text(path, given, models[0], "")),
        Path(folder) if folder else None,
        _text(path, given, "ProjectName", path.stem),
        io_type,
        settings,
    )


def _text(path: Path, given: Mapping[str, object], key: str, default: str) -> str:
    value = given.get(key, default)
    if not isinstance(value, str):
        raise ChronogateError(f"{path}: {key} is {value!r}: write a text")
    return value
