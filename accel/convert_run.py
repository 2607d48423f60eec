"""The conversion of a run's model, with the comparison that needs TensorFlow."""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from accel.config import Config, VerificationConfig
from accel.progress import Progress
from accel.records import Agreement, Conversion, window_codes
from accel.runs import Run
from accel.training_result import load_training, metadata
from hw.network.graph import Network
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
        With the agreement of the golden model and stock QKeras, code by code.
    """
    progress.step("Loading TensorFlow")
    from accel.conversion.entry import convert, network_of
    from accel.conversion.hls import write_hls
    from accel.forecasters.layer_names import hls_settings
    from accel.qkeras_compat import load_model

    model = load_model(run.path("model.h5"))
    progress.step("Converting")
    # hls4ml prints what it does, and stdout belongs to results.
    with redirect_stdout(sys.stderr):
        name = config.name if config else run.folder.resolve().name
        graph = convert(
            model,
            folder,
            name,
            hls_config=hls_settings(config.model) if config else None,
            metadata=metadata(load_training(run.folder)) if config else None,
        )
        graph.write()
        project = write_hls(graph, folder / "hls")
    network = network_of(graph)
    seed = (config.verification if config else VerificationConfig()).seed
    codes = window_codes(run, network, seed)
    agreement, float32 = _compare(model, network, codes, progress)
    return Conversion(fingerprint(network), seed, agreement, float32, project.reason)


def _compare(
    model: "keras.Model", network: Network, codes: np.ndarray, progress: Progress
) -> tuple[Agreement, int]:
    from accel.float64 import count_float32_differences, evaluate_float64

    tick = progress.step("QKeras against the golden model", len(codes))
    agreement, float32 = Agreement(0, 0, 0), 0
    for start in range(0, len(codes), CHUNK):
        part = codes[start : start + CHUNK]
        inputs = network.input_format.to_float(part)
        expected = network.reference(part)
        # Results of stock layers as multiples of the output's step; codes, if they agree.
        actual = np.ldexp(evaluate_float64(model, inputs), network.output_format.fraction)
        agreement += Agreement.of(expected, actual)
        float32 += count_float32_differences(model, inputs)
        tick(len(part))
    return agreement, float32
