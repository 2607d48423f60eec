"""Float sigmoid and tanh against hls4ml's own C++, code for code."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from hw import Activation, ChronogateError, FixedPoint, Overflow, Rounding
from hw.function.table import Curve, make_table
from tests.hw.harness import run_block

DEFAULT = FixedPoint(18, 8)
ROUNDED = FixedPoint(8, 1, True, Rounding.RND_CONV, Overflow.SAT)
CASES = [  # input, result, entries, their format
    (FixedPoint(16, 6), FixedPoint(16, 6), 1024, DEFAULT),
    (FixedPoint(13, 6), ROUNDED, 1024, DEFAULT),
    (FixedPoint(12, 4, signed=False), FixedPoint(9, 2), 1024, FixedPoint(20, 2)),
    (FixedPoint(14, 4), FixedPoint(24, 4), 2048, FixedPoint(24, 4)),
    (FixedPoint(11, 9), FixedPoint(18, 8), 64, FixedPoint(12, 2, True, Rounding.RND, Overflow.SAT)),
    (FixedPoint(9, 5), FixedPoint(18, 8), 1024, DEFAULT),
    (FixedPoint(7, 9), FixedPoint(18, 8), 1024, DEFAULT),
    (FixedPoint(8, 5), FixedPoint(18, 8), 16, DEFAULT),
]
PROGRAM = r"""
#include "nnet_utils/nnet_common.h"
#include "nnet_utils/nnet_activation.h"
#include <cstdio>

template <unsigned N, class E> struct config : nnet::activ_config {
    static const unsigned n_in = 1;
    static const unsigned table_size = N;
    typedef E table_t;
};
template <class S, class T, class C> void run(long low, long high) {
    for (int curve = 0; curve < 2; curve++) {
        for (long n = low; n <= high; n++) {
            S source[1];
            T target[1];
            for (int bit = 0; bit < S::width; bit++) source[0][bit] = (n >> bit) & 1;
            if (curve == 0) nnet::sigmoid<S, T, C>(source, target);
            else nnet::tanh<S, T, C>(source, target);
            long raw = 0;
            for (int bit = 0; bit < T::width; bit++) raw |= (long)(bool)target[0][bit] << bit;
            std::printf("%ld ", raw);
        }
        std::printf("\n");
    }
}
int main() {
CALLS
}
"""


def cpp_type(format: FixedPoint) -> str:
    kind = "ap_fixed" if format.signed else "ap_ufixed"
    return f"{kind}<{format.width},{format.integer},AP_{format.rounding},AP_{format.overflow}>"


@pytest.fixture(scope="module")
def hls4ml_codes(tmp_path_factory: pytest.TempPathFactory) -> list[list[int]]:
    """Raw codes for all inputs of every case: one list for sigmoid, one for tanh."""
    package = find_spec("hls4ml")
    assert package is not None
    assert package.origin is not None
    templates = Path(package.origin).parent / "templates" / "vivado"
    folder = tmp_path_factory.mktemp("table")
    calls = [
        f"run<{cpp_type(source)}, {cpp_type(target)}, config<{size}, {cpp_type(entry)}>>"
        f"({source.minimum}, {source.maximum});"
        for source, target, size, entry in CASES
    ]
    (folder / "main.cpp").write_text(PROGRAM.replace("CALLS", "\n".join(calls)))
    includes = ["-I", str(templates), "-I", str(templates / "ap_types")]
    flags = ["-O1", "-w", "-DNDEBUG", "-std=c++17"]
    subprocess.run(["g++", *flags, *includes, "main.cpp", "-o", "main"], cwd=folder, check=True)
    printed = subprocess.run([folder / "main"], check=True, capture_output=True, text=True).stdout
    return [[int(code) for code in line.split()] for line in printed.splitlines()]


@pytest.mark.parametrize("curve", list(Curve))
@pytest.mark.parametrize("case", range(len(CASES)))
def test_table(case: int, curve: Curve, hls4ml_codes: list[list[int]]) -> None:
    source, target, size, entry = CASES[case]
    raw = np.array(hls4ml_codes[2 * case + (curve is Curve.TANH)])
    wanted = np.where(raw > target.maximum, raw - (1 << target.width), raw)
    function = make_table(curve, target, size, entry)
    codes = np.arange(source.minimum, source.maximum + 1)
    given = function.apply(codes, source)
    wrong = np.flatnonzero(given != wanted)
    assert not len(wrong), f"code {codes[wrong[0]]}: {given[wrong[0]]}, C++ {wanted[wrong[0]]}"
    rng = np.random.default_rng(case)
    some = np.unique(np.concatenate([codes[:3], codes[-3:], rng.choice(codes, 200), [0, 1]]))
    some = np.concatenate([some, -1 - some[:5] if source.signed else []]).astype(np.int64)
    spec = Activation(1, source, function)
    fed = np.cumsum(rng.integers(1, 3, len(some)))
    trace = run_block(spec, some[:, np.newaxis], fed)
    assert trace.codes[:, 0].tolist() == function.apply(some, source).tolist()
    assert (trace.cycles - fed).tolist() == [spec.timing.latency_cycles] * len(fed)


def test_refusals() -> None:
    with pytest.raises(ChronogateError, match="power of two"):
        make_table(Curve.TANH, ROUNDED, 1000)
    with pytest.raises(ChronogateError, match="fewer integer bits"):
        make_table(Curve.SIGMOID, ROUNDED).apply(np.array([0]), FixedPoint(40, 30))
