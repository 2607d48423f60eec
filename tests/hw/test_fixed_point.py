"""Fixed point against the ap_types headers that ship with hls4ml, all modes, exhaustively."""

import subprocess
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from hw import ChronogateError, FixedPoint, Overflow, Rounding
from hw.number.resize import resize

SHAPES = [  # source (width, integer, signed), target (width, integer, signed)
    ((7, 3, True), (4, 2, True)),
    ((7, 3, True), (4, 2, False)),
    ((6, 3, False), (4, 2, True)),
    ((6, 2, False), (3, 1, False)),
    ((6, 1, True), (5, 4, True)),  # saturates and gains bits below
    ((6, 1, True), (8, 3, True)),  # nothing lost
    ((6, 6, True), (3, 6, True)),  # steps larger than one
    ((6, 0, True), (3, 5, True)),  # nearly everything is rounded away
    ((5, -2, True), (3, 0, True)),  # the point lies left of the number
    ((6, 2, True), (2, 1, True)),
    ((6, 2, True), (1, 1, True)),
    ((6, 2, False), (1, 1, False)),
]
MODES = list(product(Rounding, Overflow))


def formats(shape: tuple, rounding: Rounding, overflow: Overflow) -> tuple[FixedPoint, FixedPoint]:
    source, target = shape
    return FixedPoint(*source), FixedPoint(*target, rounding, overflow)


def all_codes(format: FixedPoint) -> np.ndarray:
    return np.arange(format.minimum, format.maximum + 1)


def cpp_type(format: FixedPoint) -> str:
    kind = "ap_fixed" if format.signed else "ap_ufixed"
    return f"{kind}<{format.width},{format.integer},AP_{format.rounding},AP_{format.overflow}>"


def floats_for(target: FixedPoint) -> np.ndarray:
    """Multiples of an eighth of the target's step, over four times its range."""
    reach = 4 * (1 << target.width) * 8
    return np.arange(-reach, reach + 1) * (target.step / 8)


@pytest.fixture(scope="module")
def ap_types(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """Codes that the ap_types headers give: ``r<shape>_<mode>`` resized, ``f...`` from double."""
    package = find_spec("hls4ml")
    assert package is not None
    assert package.origin is not None
    include = Path(package.origin).parent / "templates" / "vivado" / "ap_types"
    folder = tmp_path_factory.mktemp("ap_types")
    calls = []
    for (s, shape), (m, modes) in product(enumerate(SHAPES), enumerate(MODES)):
        source, target = formats(shape, *modes)
        arguments = f"{cpp_type(source)}, {cpp_type(target)}"
        calls.append(f'resized<{arguments}>("r{s}_{m}", {source.minimum}, {source.maximum});')
        steps = 4 * (1 << target.width) * 8
        calls.append(f'converted<{cpp_type(target)}>("f{s}_{m}", {steps}, {target.step / 8!r});')
    (folder / "main.cpp").write_text(PROGRAM.replace("CALLS", "\n".join(calls)))
    # NDEBUG: the headers read a bit beyond the MSB, which they then ignore, when a value is
    # shifted right by more than its width; their own assertion would stop there.
    subprocess.run(
        [
            "g++",
            "-O0",
            "-w",
            "-DNDEBUG",
            "-std=c++14",
            "-I",
            str(include),
            "main.cpp",
            "-o",
            "main",
        ],
        cwd=folder,
        check=True,
    )
    printed = subprocess.run([folder / "main"], check=True, capture_output=True, text=True).stdout
    rows = (line.split() for line in printed.splitlines())
    return {row[0]: [int(code) for code in row[1:]] for row in rows}


PROGRAM = r"""
#include "ap_fixed.h"
#include <cstdio>

template <class T> long code(T value) {
    long raw = 0;
    for (int bit = 0; bit < T::width; bit++) raw |= (long)(bool)value[bit] << bit;
    return raw;
}
template <class S, class T> void resized(const char *name, long low, long high) {
    std::printf("%s", name);
    for (long n = low; n <= high; n++) {
        S source;
        for (int bit = 0; bit < S::width; bit++) source[bit] = (n >> bit) & 1;
        T target = source;
        std::printf(" %ld", code(target));
    }
    std::printf("\n");
}
template <class T> void converted(const char *name, long reach, double step) {
    std::printf("%s", name);
    for (long n = -reach; n <= reach; n++) {
        T target = n * step;
        std::printf(" %ld", code(target));
    }
    std::printf("\n");
}
int main() {
CALLS
}
"""


def signed_codes(raw: list[int], format: FixedPoint) -> list[int]:
    limit = 1 << (format.width - 1)
    return [r - 2 * limit if format.signed and r >= limit else r for r in raw]


def test_resize_equals_ap_types(ap_types: dict[str, list[int]]) -> None:
    different = []
    for (s, shape), (m, modes) in product(enumerate(SHAPES), enumerate(MODES)):
        source, target = formats(shape, *modes)
        given = target.resize(all_codes(source), source).tolist()
        wanted = signed_codes(ap_types[f"r{s}_{m}"], target)
        different += [
            f"{source} -> {target}: code {code} gives {g}, ap_types {w}"
            for code, g, w in zip(all_codes(source), given, wanted, strict=True)
            if g != w
        ]
    assert not different, "\n".join(different[:20])


def test_quantize_equals_ap_types(ap_types: dict[str, list[int]]) -> None:
    different = []
    for (s, shape), (m, modes) in product(enumerate(SHAPES), enumerate(MODES)):
        _, target = formats(shape, *modes)
        values = floats_for(target)
        given = target.quantize(values).tolist()
        wanted = signed_codes(ap_types[f"f{s}_{m}"], target)
        different += [
            f"{value} -> {target}: {g}, ap_types {w}"
            for value, g, w in zip(values, given, wanted, strict=True)
            if g != w
        ]
    assert not different, "\n".join(different[:20])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_hardware_equals_software(shape: tuple) -> None:
    source = FixedPoint(*shape[0])
    m = Module()
    value = Signal(source.shape)
    targets = [formats(shape, *modes)[1] for modes in MODES]
    results = [resize(m, value, source, t, f"r{i}") for i, t in enumerate(targets)]
    codes = all_codes(source)
    wanted = [target.resize(codes, source).tolist() for target in targets]

    async def bench(ctx) -> None:
        for position, code in enumerate(codes.tolist()):
            ctx.set(value, code)
            for target, result, column in zip(targets, results, wanted, strict=True):
                assert ctx.get(result) == column[position], f"{source} -> {target}: code {code}"

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


def test_text_form_is_read_back() -> None:
    for rounding, overflow, is_signed in product(Rounding, Overflow, (True, False)):
        format = FixedPoint(9, -2, is_signed, rounding, overflow)
        assert FixedPoint.parse(str(format)) == format
    assert FixedPoint.parse("ap_fixed<16, 6>") == FixedPoint(16, 6)
    assert FixedPoint.parse("ufixed<8,0,RND_CONV,SAT,0>").signed is False


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("ap_fixed<8>", "ap_fixed<W,I,Q,O>"),
        ("ap_fixed<8,2,AP_RND,AP_WRAP_SM>", "SAT_ZERO"),
        ("ap_fixed<8,2,AP_RND,AP_SAT,2>", "saturation bits"),
        ("ap_fixed<70,2>", "narrower"),
    ],
)
def test_unknown_formats_are_refused(text: str, fix: str) -> None:
    with pytest.raises(ChronogateError, match=fix):
        FixedPoint.parse(text)


def test_nan_and_wrapped_infinity_are_refused() -> None:
    with pytest.raises(ChronogateError, match="NaN"):
        FixedPoint(8, 4).quantize(np.array([0.0, np.nan]))
    with pytest.raises(ChronogateError, match="infinite"):
        FixedPoint(8, 4).quantize(np.array([np.inf]))
    saturating = FixedPoint(8, 4, overflow=Overflow.SAT)
    assert saturating.quantize(np.array([np.inf, -np.inf, 1e300])).tolist() == [127, -128, 127]


def test_golden_model_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(ChronogateError, match="63"):
        FixedPoint(40, 40, overflow=Overflow.SAT).resize(np.array([1]), FixedPoint(40, 70))


def test_wide_codes_wrap_exactly() -> None:
    """Minus one, modulo 2^60, is no float64; its code must not pass through one."""
    values = np.array([-1.0, -3.0, 5.0, 2.0**59, -(2.0**59) - 2.0**10])
    codes = FixedPoint(60, 60).quantize(values).tolist()
    assert codes == [-1, -3, 5, -(2**59), 2**59 - 2**10]


def test_the_widest_format_wraps() -> None:
    wide = FixedPoint(63, 2)
    codes = np.array([wide.minimum, -1, 0, wide.maximum, wide.maximum + 1])
    assert wide.resize(codes, wide).tolist() == [wide.minimum, -1, 0, wide.maximum, wide.minimum]
