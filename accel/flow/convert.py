"""The conversion of a run's model, with the comparison that needs TensorFlow."""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from accel.configuration.config import Config
from accel.configuration.sections import VerificationConfig
from accel.flow.adaptive import DELTA_NOTE, without_delta
from accel.flow.yaml_config import FILE, load_yaml_config
from accel.progress import Progress
from accel.runs.records import Agreement, Conversion, forecasts, window_codes
from accel.runs.run import Run
from accel.training.result import load_training, metadata
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.network.serialization import fingerprint

if TYPE_CHECKING:
    from accel.qkeras_compat import keras

CHUNK = 2048
"""Windows between two ticks of a progress bar."""


def convert_run(run: Run, config: Config | None, folder: Path, progress: Progress) -> Conversion:
    """Write network, RTL and, where it is exact, the HLS project into `folder`.

    Parameters
    ----------
    run
        Holds the model and the test windows.
    config
        None for a model that was trained elsewhere.

    Returns
    -------
    Conversion
        With the agreement of the golden model and stock QKeras, code by code; of a network with
        delta updates, that of the same network without them.
    """
    progress.step("Loading TensorFlow")
    from accel.conversion.entry import convert, network_of
    from accel.conversion.hls import write_hls
    from accel.forecasters.build import hls_settings
    from accel.keras_models.files import load_model

    model = load_model(run.path("model.h5"))
    file = run.path(FILE)
    given = load_yaml_config(file) if file.exists() else None
    progress.step("Converting")
    # hls4ml prints what it does, and stdout belongs to results.
    with redirect_stdout(sys.stderr):
        name = config.name if config else run.folder.resolve().name
        settings = hls_settings(config.model, model.layers) if config else None
        if given is not None:
            name, settings = given.name, given.hls_config
        graph = convert(
            model,
            folder,
            name,
            hls_config=settings,
            io_type=given.io_type if given else "io_stream",
            metadata=metadata(load_training(run.folder)) if config else None,
        )
        if given is not None and network_of(graph).mode is Mode.STREAMING:
            raise ChronogateError(
                "a run compares windows, and Mode='streaming' has none: leave Mode out, or call "
                "accel.convert in Python"
            )
        graph.write()
        project = write_hls(graph, folder / "hls")
    network = network_of(graph)
    seed = (config.verification if config else VerificationConfig()).seed
    codes = window_codes(run, network, seed)
    agreement, float32 = _compare(model, without_delta(network), codes, progress)
    note = DELTA_NOTE if network.is_adaptive else ""
    return Conversion(fingerprint(network), seed, agreement, float32, project.reason, note)


def _compare(
    model: "keras.Model", network: Network, codes: tuple[np.ndarray, ...], progress: Progress
) -> tuple[Agreement, int]:
    from accel.keras_models.calls import input_shapes
    from accel.keras_models.float64 import count_float32_differences, evaluate_all_float64

    tick = progress.step("QKeras against the golden model", len(codes[0]))
    agreement, float32 = Agreement(0, 0, 0), 0
    for start in range(0, len(codes[0]), CHUNK):
        part = [array[start : start + CHUNK] for array in codes]
        inputs = [
            # The model may have time steps where the network has one beat.
            port.format.to_float(array).reshape(-1, *shape[1:])
            for port, array, shape in zip(network.inputs, part, input_shapes(model), strict=True)
        ]
        # Results of stock layers as multiples of the output's step; codes, if they agree.
        actual = [
            np.ldexp(values, port.format.fraction)
            for values, port in zip(
                evaluate_all_float64(model, inputs), network.output_ports, strict=True
            )
        ]
        agreement += Agreement.of(forecasts(network.evaluate(part)), forecasts(actual))
        float32 += count_float32_differences(model, inputs)
        tick(len(part[0]))
    return agreement, float32
