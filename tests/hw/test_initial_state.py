"""Recurrent layers whose windows begin in a state that an input brings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw import GRU, LSTM, Activation, ChronogateError, Network, Node, Port, SimpleRNN
from hw.function.quantizer import Function, Quantizer
from hw.layer.shape.replay import Replay
from hw.network.serialization import fingerprint, load_network, save_network
from tests.hw.drawing import draw_codes, draw_format, draw_recurrent
from tests.hw.harness import run_block
from tests.hw.many_ports import draw_arrays
from tests.hw.test_ports import Bench, Source

KINDS = ["simple_rnn", "lstm", "gru_after", "gru_before"]
WINDOWS = 5


def draw(kind: str, seed: int) -> tuple[GRU | LSTM | SimpleRNN, np.random.Generator]:
    rng = np.random.default_rng([seed, len(kind)])
    steps = 1 + seed % 3
    spec = draw_recurrent(rng, draw_format(rng), int(rng.integers(1, 4)), steps, kind)
    sequences = bool(rng.integers(2))
    return replace(spec, initial_state=True, return_sequences=sequences), rng


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_windows_begin_as_told(kind: str, seed: int) -> None:
    spec, rng = draw(kind, seed)
    arrays = [
        draw_codes(rng, port.format, WINDOWS, *([port.steps] if port.steps else []), port.channels)
        for port in spec.inputs
    ]
    spacing = np.full(WINDOWS * spec.steps, spec.timing.interval_cycles)
    spacing += rng.integers(0, 3, len(spacing)) * (seed % 2)
    fed = np.cumsum(spacing)
    trace = run_block(spec, arrays, fed)
    expected = spec.reference(*arrays)
    assert trace.codes.tolist() == expected.reshape(-1, spec.units).tolist()
    due = fed if spec.return_sequences else fed[spec.steps - 1 :: spec.steps]
    assert (trace.cycles - due).tolist() == [spec.timing.latency_cycles] * len(due)


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_goes_on_where_another_one_ended(kind: str) -> None:
    """Two halves of a window, the second begun with the state behind the first."""
    spec, rng = draw(kind, 2)
    codes = draw_codes(rng, spec.input, 7, 2 * spec.steps, spec.inputs[0].channels)
    whole = replace(spec, initial_state=False, steps=2 * spec.steps)
    trace: dict[str, np.ndarray] = {}
    expected = whole.reference(codes, trace=trace)
    formats = {"h": spec.hidden} | ({"c": spec.carry} if isinstance(spec, LSTM) else {})
    states = [
        spec.state.resize(trace[name][:, spec.steps - 1], format)
        for name, format in formats.items()
    ]
    second = spec.reference(codes[:, spec.steps :], *states)
    assert (
        second.tolist()
        == (expected[:, spec.steps :] if spec.return_sequences else expected).tolist()
    )


def test_interleaved_series_begin_with_zeros() -> None:
    spec, _ = draw("lstm", 0)
    with pytest.raises(ChronogateError, match="5 interleaved series begins in the state zero"):
        replace(spec, series=5)


def encoder_decoder() -> Network:
    """Return a GRU over the past whose state a decoder over the known future begins with."""
    rng = np.random.default_rng(8)
    past, future = (Port(name, 2, draw_format(rng), 4) for name in ("past", "future"))
    encoder = replace(draw_recurrent(rng, past.format, 2, 4, "gru_after"), return_sequences=False)
    decoder = draw_recurrent(rng, future.format, 2, 4, "gru_before")
    units = decoder.units
    encoder = replace(
        encoder,
        kernel=draw_codes(rng, encoder.kernel_format, 2, 3 * units),
        recurrent_kernel=draw_codes(rng, encoder.recurrent_format, units, 3 * units),
        bias=draw_codes(rng, encoder.bias_format, 3 * units),
        recurrent_bias=draw_codes(rng, encoder.bias_format, 3 * units),
        input_reuse=5,
        recurrent_reuse=5,
        multipliers=None,
    )
    decoder = replace(decoder, initial_state=True, return_sequences=True)
    narrow = Activation(units, encoder.hidden, Quantizer(Function.LINEAR, decoder.state))
    again = Replay(4, 2, future.format, decoder.timing.interval_cycles)
    nodes = (
        Node("encoder", encoder, ("past",)),
        Node("state", narrow, ("encoder",)),
        Node("again", again, ("future",)),
        Node("decoder", decoder, ("again", "state")),
    )
    return Network("seq2seq", (past, future), nodes, ("decoder",))


def test_an_encoder_gives_its_state_to_a_decoder() -> None:
    network = encoder_decoder()
    rng = np.random.default_rng(1)
    arrays = draw_arrays(network, rng, 12)
    sources = [
        Source(port, list(codes)) for port, codes in zip(network.inputs, arrays, strict=True)
    ]
    bench = Bench(network, sources, rng)
    bench.run()
    expected = network.reference(arrays)
    assert len(np.unique(expected)) > 3
    assert bench.results[0] == expected.reshape(-1, expected.shape[2]).tolist()
    assert bench.dropped == 0


def test_files_keep_it(tmp_path: Path) -> None:
    network = encoder_decoder()
    save_network(network, tmp_path)
    again = load_network(tmp_path)
    assert fingerprint(again) == fingerprint(network)
    assert again.inputs == network.inputs
    arrays = draw_arrays(network, np.random.default_rng(2), 3)
    assert again.reference(arrays).tolist() == network.reference(arrays).tolist()
