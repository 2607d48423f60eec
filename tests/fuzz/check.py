"""One drawn model through its realizations, and what came of it."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

import accel
from accel.conversion.hls_layers.blocks import inexact_reason
from accel.keras_models.float64 import evaluate_float64, stream_float64, trace_float64
from accel.qkeras_compat import keras
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from tests.accel.conversion.compare import compare_codes, last_nodes
from tests.flow.drawing import SERIES, DrawnModel
from tests.fuzz.hits import FINE, counted_hits
from tests.fuzz.outcome import Outcome
from tests.fuzz.realizations import DISTURBANCES, CyclesDiffer, check_hls, check_rtl

WINDOWS = 40
SAMPLES = 12
"""Of each series in the modes whose input is series, beyond the look-back."""


class Failure(Exception):
    """A stage that failed, and how."""

    def __init__(self, stage: str, error: Exception) -> None:
        line = (str(error).splitlines() or [""])[0]
        super().__init__(line if isinstance(error, AssertionError) else f"{type(error)}: {line}")
        self.stage = stage


@contextmanager
def _stage(name: str) -> Iterator[None]:
    """Say of everything that goes wrong inside the block where it did."""
    try:
        yield
    except CyclesDiffer as error:
        raise Failure("cycles", error) from error
    except Exception as error:
        raise Failure(name, error) from error


def check(seed: int, drawn: DrawnModel, deep: bool, values: np.ndarray | None = None) -> Outcome:
    """Convert a model and compare everything, code for code.

    Parameters
    ----------
    seed
        Of the windows, and for the record.
    drawn
        The model and its configuration.
    deep
        Whether to simulate the RTL and the HLS project, too.
    values
        Inputs to use instead of drawn ones; `draw_values` says of which shape.
    """
    begin = time.perf_counter()
    io_type = ("io_parallel", "io_stream")[seed // 5 % 2]
    outcome = Outcome(seed, drawn.kind, deep)
    with counted_hits() as hits:
        try:
            outcome = _check(outcome, drawn, values, io_type)
        except ChronogateError as refusal:
            outcome = replace(outcome, result="refused", message=str(refusal))
        except Failure as failure:
            outcome = replace(outcome, result=failure.stage, message=str(failure))
    seen = {event: number for event, number in hits.items() if number and outcome.realizations}
    return replace(outcome, hits=seen, seconds=round(time.perf_counter() - begin, 2))


def _check(outcome: Outcome, drawn: DrawnModel, values: np.ndarray | None, io_type: str) -> Outcome:
    try:
        graph = accel.convert(drawn.model, hls_config=drawn.hls_config, io_type=io_type)
    except ChronogateError:
        raise
    except Exception as error:
        raise Failure("convert", error) from error
    network, kept = graph.network, graph.kept_channels
    if values is None:
        values = draw_values(network, outcome.seed)
    with _stage("reference"):
        codes = network.input_format.quantize(values)
        expected, count = check_reference(drawn, network, kept, values, codes)
    done, no_hls = ["qkeras", "reference"], ""
    with tempfile.TemporaryDirectory(prefix="fuzz_") as scratch:
        if outcome.deep:
            no_hls = inexact_reason(network).removesuffix(", so no HLS project is written")
            if not no_hls:
                with _stage("hls"):
                    check_hls(network, values, expected, io_type, Path(scratch) / "hls")
                done.append("hls")
                count += expected.size
            with _stage("rtl"):
                check_rtl(network, values, codes, expected, Path(scratch) / "rtl")
            done.append("rtl")
            count += len(DISTURBANCES) * expected.size
    return replace(
        outcome, realizations=tuple(done), no_hls=no_hls, values=count,
        blocks=tuple(type(node.spec).__name__ for node in network.nodes),
        mode=f"{network.mode}{', several series' * (network.input.series > 1)}",
    )  # fmt: skip


def draw_values(network: Network, seed: int) -> np.ndarray:
    """Draw floats on, between and beyond the input's codes; ties are frequent.

    Shapes are as of `Network.reference`.
    """
    rng = np.random.default_rng([seed, 2])
    format = network.input_format
    low, high = format.plain().minimum, format.plain().maximum
    shape: tuple[int, ...] = (WINDOWS, network.features)
    if network.mode is not Mode.WINDOW:
        shape = (SERIES, network.look_back + SAMPLES, network.features)
    elif network.input.steps is not None:
        shape = (WINDOWS, network.look_back, network.features)
    beyond = max((high - low) // 4, 1)
    codes = rng.integers(low - beyond, high + beyond, shape, endpoint=True).astype(np.float64)
    codes.flat[: codes.size // 8], codes.flat[codes.size // 8 : codes.size // 4] = low, high
    rng.shuffle(codes, axis=0)
    parts = rng.choice([0.0, 0.0, 0.25, 0.5, 0.75, 2.0**-FINE], shape)
    return np.ldexp(codes + parts, -format.fraction)


def check_reference(
    drawn: DrawnModel, network: Network, kept: Mapping[str, np.ndarray], values: np.ndarray,
    codes: np.ndarray,
) -> tuple[np.ndarray, int]:  # fmt: skip
    """Compare QKeras with the golden model; return its codes and how many were compared.

    A model that quantizes its input gets floats off the grid, others those of the codes. Of nodes
    that lost dead units, `kept` names the channels that are left.
    """
    trace: dict[str, np.ndarray] = {}
    expected = network.reference(codes, trace)
    given = network.input_format.to_float(codes) if _precision(drawn) else values
    model = drawn.model
    if network.mode is Mode.WINDOW:
        return expected, _check_layers(model, network, kept, trace, trace_float64(model, given))
    if network.mode is Mode.STREAMING:
        results = stream_float64(model, given)
    else:
        view = np.lib.stride_tricks.sliding_window_view(given, network.look_back, axis=1)
        windows = view.swapaxes(2, 3)
        flat = evaluate_float64(model, windows.reshape(-1, *windows.shape[2:]))
        results = flat.reshape(*windows.shape[:2], -1)
    scaled = np.ldexp(results, network.output_format.fraction).reshape(expected.shape)
    compare_codes("output", scaled, expected)
    return expected, expected.size


def _check_layers(
    model: keras.Model, network: Network, kept: Mapping[str, np.ndarray],
    trace: dict[str, np.ndarray], values: dict[str, np.ndarray],
) -> int:  # fmt: skip
    node_of, count = last_nodes(model, network), 0
    assert network.outputs[0] in node_of.values(), "no layer gives the network's output"
    for layer, expected in values.items():
        if layer not in node_of:
            continue  # the input's quantizer, or what became part of another block
        node = next(node for node in network.nodes if node.name == node_of[layer])
        format = node.spec.outputs[0].format
        found = trace.get(f"{node.name}.h", trace[node.name])
        left = kept.get(node.name, slice(None))
        compare_codes(node.name, np.ldexp(expected[..., left], format.fraction), found)
        count += found.size
    return count


def _precision(drawn: DrawnModel) -> bool:
    layers = drawn.hls_config.get("LayerName", {})
    return "Precision" in layers.get(drawn.model.input_names[0], {})
