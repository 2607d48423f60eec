"""Weights in headers that g++ compiles fast, and that need no file at run time.

hls4ml writes either a list of ap_fixed numbers, for which g++ takes time that grows with the square
of their number, or text files that the compiled library looks for in the folder of its birth.
"""

from pathlib import Path

import numpy as np
from hls4ml.model.graph import ModelGraph
from hls4ml.model.types import WeightVariable


def rewrite_weights(graph: ModelGraph, folder: Path) -> None:
    """Replace the headers of a project that hls4ml wrote without text files.

    What synthesis sees stays as hls4ml wrote it; the C simulation gets integer codes.
    """
    for layer in graph.get_layers():
        for variable in layer.get_weights():
            path = folder / "firmware" / "weights" / f"{variable.name}.h"
            path.write_text(_with_codes(path.read_text(), variable))


def _with_codes(text: str, variable: WeightVariable) -> str:
    definition = f"{variable.type.name} {variable.name}[{variable.data_length}]"
    before, list_of_numbers = text.split(f"{definition} = {{", 1)
    numbers, after = list_of_numbers.split("};", 1)
    name, fraction = variable.name, variable.type.precision.fractional
    codes = np.rint(np.ldexp(np.ravel(variable.data), fraction)).astype(np.int64)
    return (
        f'#include "../nnet_utils/chronogate_weights.h"\n{before}'
        "#ifdef __SYNTHESIS__\n"
        f"{definition} = {{{numbers}}};\n"
        "#else\n"
        f"{definition};\n"
        f"static const long long {name}_codes[] = {{{', '.join(map(str, codes))}}};\n"
        f"static const bool {name}_loaded =\n"
        f"    chronogate::load_codes({name}, {name}_codes, {variable.data_length});\n"
        f"#endif{after}"
    )
