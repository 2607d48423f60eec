"""The HLS project against the golden model, compiled by g++ and compared by integers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import accel
from accel.conversion.hls import csim, csim_windows_per_second, write_hls, write_project
from accel.conversion.hls_layers import blocks
from accel.qkeras_compat import keras, qkeras
from hw import FixedPoint, MaxPooling, Network, Node, Pool, Port
from hw.errors import ChronogateError
from hw.layer.shape.replay import Replay
from hw.network.mode import Mode
from tests.accel.conversion.compare import compare_codes, draw_codes
from tests.accel.conversion.models import bits, chain, dense, named

L = keras.layers


def mlp() -> keras.Model:
    """Every activation, signed and unsigned weights, and a final quantizer after a dense layer."""
    return chain([
        qkeras.QActivation(bits(8, 2)), L.Flatten(),
        dense(4, activation=qkeras.quantized_relu(6, 2)),
        dense(3, activation=qkeras.quantized_tanh(6, symmetric=True), use_bias=False),
        dense(4, activation=qkeras.hard_sigmoid, bias_quantizer=bits(5, 3)),
        dense(3, activation=qkeras.quantized_sigmoid(5),
              kernel_quantizer=bits(5, 1, keep_negative=False)),
        dense(3, kernel_quantizer=bits(5, 2, symmetric=1)), qkeras.QActivation(bits(7, 1)),
    ])  # fmt: skip


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_csim_is_the_golden_model(io_type: str, tmp_path: Path) -> None:
    graph = accel.convert(mlp(), io_type=io_type)
    project = write_hls(graph, tmp_path / "hls")
    assert project.folder is not None
    codes = draw_codes(graph.network, 1000, 0)
    expected = graph.network.reference(codes)
    assert len(np.unique(expected)) > 20
    compare_codes("C simulation", expected, csim(project.folder, codes))
    # The compiled project may be moved, as a run folder is when it is finished.
    moved = project.folder.rename(tmp_path / "moved")
    compare_codes("C simulation, moved", expected, csim(moved, codes))
    assert csim_windows_per_second(moved, codes) > 0


def test_output_without_a_quantizer_keeps_every_bit(tmp_path: Path) -> None:
    """In the sliding mode, too, whose project takes every look-back as a window."""
    sliding = {"Model": {"Mode": "sliding"}}
    model = chain([qkeras.QActivation(bits(6, 1)), L.Flatten(), dense(2)])
    graph = accel.convert(model, hls_config=sliding)
    folder = write_hls(graph, tmp_path).folder
    assert folder is not None
    network = graph.network
    codes = draw_codes(replace(network, mode=Mode.WINDOW), 50, 0)
    series = codes.reshape(5, -1, network.features)
    compare_codes("C simulation", network.reference(series), csim(folder, series))


def test_our_front_end_gives_the_vitis_backend_exact_types() -> None:
    model = chain([qkeras.QActivation(bits(8, 2)), L.Flatten(), named("head", dense(2)),
                   named("last", qkeras.QActivation(bits(6, 1)))])  # fmt: skip
    graph = accel.convert(model, backend="Vitis", io_type="io_parallel")
    types = {x.name: str(x.get_output_variable().type.precision) for x in graph.get_layers()}
    assert types["head"] == "fixed<16,6,TRN,WRAP,0>"
    assert types["last"] == "fixed<6,2,RND_CONV,SAT,0>"


class LargestAfter(MaxPooling):
    """A block derived from one that has a template may compute something else."""


def test_what_has_no_template_gets_a_reason_and_no_folder(tmp_path: Path) -> None:
    source = Port("x", 2, FixedPoint(8, 2), 4)
    node = Node("slide", LargestAfter(2, source.format, Pool(4, 2)), ("x",))
    network = Network("pooled", (source,), (node,), ("slide",))
    project = write_project(network, tmp_path / "hls", "io_stream")
    assert project.folder is None
    assert "no exact HLS template for LargestAfter (layer 'slide')" in project.reason
    assert not (tmp_path / "hls").exists()


def test_networks_that_a_top_function_cannot_be_are_named() -> None:
    format = FixedPoint(8, 2)
    source = Port("x", 2, format, 1)
    turns = [Node(f"turn{n}", Replay(1, 2, format), ("x",)) for n in range(8)]
    names = tuple(node.name for node in turns)
    wide = Network("wide", (source,), tuple(turns), names)
    assert "'x' has 8 readers, of which hls4ml serves 7" in blocks.inexact_reason(wide)
    slim = replace(wide, nodes=wide.nodes[:7], outputs=names[:7])
    assert blocks.inexact_reason(slim) == ""
    streaming = replace(slim, mode=Mode.STREAMING)
    assert "no exact HLS template for Replay of a stream" in blocks.inexact_reason(streaming)
    through = replace(slim, nodes=wide.nodes[:6], outputs=(*names[:6], "x"))
    assert "an input that is an output as well" in blocks.inexact_reason(through)
    renamed = tuple(replace(node, inputs=("input",)) for node in slim.nodes)
    reserved = replace(slim, inputs=(replace(source, name="input"),), nodes=renamed)
    assert "keeps the name 'input' to itself" in blocks.inexact_reason(reserved)


def test_a_broken_project_is_named(tmp_path: Path) -> None:
    graph = accel.convert(chain([qkeras.QActivation(bits(6, 1)), L.Flatten(), dense(2)]))
    folder = write_hls(graph, tmp_path).folder
    assert folder is not None
    (folder / "firmware" / "accelerator.cpp").write_text("no C++")
    with pytest.raises(ChronogateError, match="does not compile with g"):
        csim(folder, draw_codes(graph.network, 2, 0))


def test_a_parameter_that_no_template_knows_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A block that gains one must not be written as if it had none."""
    known = tuple(name for name in blocks.FIELDS if name != "steps")
    monkeypatch.setattr(blocks, "FIELDS", known)
    source = Port("x", 2, FixedPoint(8, 2), 4)
    node = Node("turn", Replay(4, 2, source.format), ("x",))
    project = write_project(
        Network("turned", (source,), (node,), ("turn",)), tmp_path, "io_parallel"
    )
    assert "template for Replay knows no steps (layer 'turn')" in project.reason
