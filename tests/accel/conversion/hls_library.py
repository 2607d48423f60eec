"""Several HLS projects in one shared library: g++ reads the ap_types headers once for all."""

import ctypes
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from hls4ml.utils.config import create_config

from accel.conversion.csim import PROJECT
from accel.conversion.hls import hls_graph
from accel.conversion.hls_layers.weights import rewrite_weights
from hw.network.graph import Network

Run = Callable[[np.ndarray], np.ndarray]

HEAD = """
#include <cassert>
#include "m0/firmware/nnet_utils/nnet_helpers.h"
"""
# What hls4ml's own bridge does, with a namespace for each project.
ARRAY = """
extern "C" void run_{name}(double *window, double *forecast) {{
    {name}::input_t x[{inputs}];
    {name}::result_t y[{outputs}];
    nnet::convert_data<double, {name}::input_t, {inputs}>(window, x);
    {name}::accelerator(x, y);
    nnet::convert_data<{name}::result_t, double, {outputs}>(y, forecast);
}}
"""
STREAM = """
extern "C" void run_{name}(double *window, double *forecast) {{
    hls::stream<{name}::input_t> x("x");
    hls::stream<{name}::result_t> y("y");
    nnet::convert_data<double, {name}::input_t, {inputs}>(window, x);
    {name}::accelerator(x, y);
    nnet::convert_data<{name}::result_t, double, {outputs}>(y, forecast);
}}
"""
GUARDS = ("DEFINES", "PARAMETERS", PROJECT.upper())


def build_library(networks: Sequence[Network], io_type: str, folder: Path) -> list[Run]:
    """Write the projects, compile them, and return a C simulation of each.

    A simulation maps int64 codes ``(N, [T,] F)`` to codes ``(N, n_out)``.
    """
    text = ""
    for index, network in enumerate(networks):
        name = f"m{index}"
        write_project(network, io_type, folder / name, name)
        guards = [f"{path.stem.upper()}_H_" for path in folder.glob(f"{name}/firmware/weights/*.h")]
        guards += [f"{guard}_H_" for guard in GUARDS]
        glue = ARRAY if io_type == "io_parallel" else STREAM
        sizes = {"inputs": inputs_of(network), "outputs": network.outputs_per_window}
        text += f'#include "{name}/firmware/{PROJECT}.cpp"\n'
        text += "".join(f"#undef {guard}\n" for guard in guards)
        text += glue.format(name=name, **sizes)
    (folder / "all.cpp").write_text(HEAD + text)
    # Without -fno-gnu-unique, tables in templates are shared with libraries loaded before.
    options = "-O0 -std=c++11 -fPIC -fno-gnu-unique -shared -Im0/firmware/ap_types"
    command = ["g++", *options.split(), "all.cpp", "-o", "all.so"]
    subprocess.run(command, cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "all.so"))
    return [simulation(library, f"run_m{i}", network) for i, network in enumerate(networks)]


def write_project(network: Network, io_type: str, folder: Path, namespace: str) -> None:
    """Write one project, its code in a namespace of its own."""
    config = create_config(
        str(folder),
        PROJECT,
        "Vitis",
        io_type=io_type,
        write_weights_txt=False,
        namespace=namespace,
    )
    config |= {"InputData": None, "OutputPredictions": None}
    graph = hls_graph(network, config)
    graph.write()
    rewrite_weights(graph, folder)


def inputs_of(network: Network) -> int:
    """Return the values of a window."""
    return network.features * (network.input.steps or 1)


def simulation(library: ctypes.CDLL, name: str, network: Network) -> Run:
    """Return the C function `name` as a function of codes."""
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    top = getattr(library, name)
    top.restype, top.argtypes = None, [array, array]

    def run(codes: np.ndarray) -> np.ndarray:
        inputs = np.ascontiguousarray(network.input_format.to_float(codes))
        outputs = np.zeros((len(codes), network.outputs_per_window))
        for window, forecast in zip(inputs, outputs, strict=True):
            top(window, forecast)
        return np.ldexp(outputs, network.output_format.fraction)

    return run
