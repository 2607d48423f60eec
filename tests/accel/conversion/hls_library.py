"""Several HLS projects in one shared library: g++ reads the ap_types headers once for all."""

import ctypes
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from hls4ml.model.graph import ModelGraph
from hls4ml.utils.config import create_config

from accel.conversion.csim import PROJECT, call_windows
from accel.conversion.hls import hls_graph
from accel.conversion.hls_layers.weights import rewrite_weights
from hw.network.codes import Codes
from hw.network.graph import Network

Run = Callable[[Codes], tuple[np.ndarray, ...]]

HEAD = """
#include <cassert>
#include "m0/firmware/nnet_utils/nnet_helpers.h"
"""
# What hls4ml's own bridge does, with a namespace for each project.
GLUE = """
extern "C" void run_{name}({arguments}) {{
{before}
    {name}::accelerator({values});
{after}
}}
"""
GUARDS = ("DEFINES", "PARAMETERS", PROJECT.upper())


def build_library(networks: Sequence[Network], io_type: str, folder: Path) -> list[Run]:
    """Write the projects, compile them, and return a C simulation of each.

    A simulation maps the int64 codes of the inputs to those of every output.
    """
    text = ""
    for index, network in enumerate(networks):
        name = f"m{index}"
        graph = write_project(network, io_type, folder / name, name)
        guards = [f"{path.stem.upper()}_H_" for path in folder.glob(f"{name}/firmware/weights/*.h")]
        guards += [f"{guard}_H_" for guard in GUARDS]
        text += f'#include "{name}/firmware/{PROJECT}.cpp"\n'
        text += "".join(f"#undef {guard}\n" for guard in guards)
        text += glue(name, graph, io_type)
    (folder / "all.cpp").write_text(HEAD + text)
    # Without -fno-gnu-unique, tables in templates are shared with libraries loaded before.
    options = "-O0 -std=c++11 -fPIC -fno-gnu-unique -shared -Im0/firmware/ap_types"
    command = ["g++", *options.split(), "all.cpp", "-o", "all.so"]
    subprocess.run(command, cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "all.so"))
    return [simulation(library, f"run_m{i}", network) for i, network in enumerate(networks)]


def write_project(network: Network, io_type: str, folder: Path, namespace: str) -> ModelGraph:
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
    return graph


def glue(name: str, graph: ModelGraph, io_type: str) -> str:
    """Return a C function that takes an array of doubles for each input and output."""
    before, after, values = "", "", []
    inputs, outputs = graph.get_input_variables(), graph.get_output_variables()
    for index, variable in enumerate((*inputs, *outputs)):
        kind, size = f"{name}::{variable.type.name}", int(np.prod(variable.shape))
        values.append(f"x{index}")
        declared = f"{kind} x{index}[{size}]"
        if io_type == "io_stream":
            declared = f"hls::stream<{kind}> x{index}"
        before += f"    {declared};\n"
        if index < len(inputs):
            before += f"    nnet::convert_data<double, {kind}, {size}>(a{index}, x{index});\n"
        else:
            after += f"    nnet::convert_data<{kind}, double, {size}>(x{index}, a{index});\n"
    arguments = ", ".join(f"double *a{index}" for index in range(len(values)))
    return GLUE.format(
        name=name, arguments=arguments, before=before, after=after, values=", ".join(values)
    )


def simulation(library: ctypes.CDLL, name: str, network: Network) -> Run:
    """Return the C function `name` as a function of codes."""

    def run(codes: Codes) -> tuple[np.ndarray, ...]:
        return call_windows(network, library, name, codes)[0]

    return run
