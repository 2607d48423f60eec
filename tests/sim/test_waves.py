"""Waveforms are cut down to one window, with every signal known from the start."""

from pathlib import Path

from sim.waves import trim_wave

HEADER = (
    "$timescale 1ps $end\n$var wire 1 ! clk $end\n$var wire 4 # data $end\n$enddefinitions $end\n"
)
BODY = (
    "#0\n$dumpvars\n0!\nb0000 #\n$end\n#10\n1!\n#20\n0!\nb0101 #\n#30\n1!\n#40\nb1111 #\n#50\n0!\n"
)


def trimmed(tmp_path: Path, begin: int, end: int) -> str:
    wave = tmp_path / "dump.vcd"
    wave.write_text(HEADER + BODY)
    trim_wave(wave, begin, end)
    text = wave.read_text()
    assert text.startswith(HEADER)
    assert list(tmp_path.iterdir()) == [wave]
    return text.removeprefix(HEADER)


def test_what_was_before_is_dumped(tmp_path: Path) -> None:
    text = trimmed(tmp_path, 25, 40)
    assert text == "#25\n$dumpvars\n0!\nb0101 #\n$end\n#30\n1!\n#40\nb1111 #\n#40\n"


def test_a_change_at_the_begin_is_kept(tmp_path: Path) -> None:
    text = trimmed(tmp_path, 20, 30)
    assert text == "#20\n$dumpvars\n1!\nb0000 #\n$end\n0!\nb0101 #\n#30\n1!\n#30\n"


def test_nothing_happens_after_the_last_change(tmp_path: Path) -> None:
    text = trimmed(tmp_path, 60, 70)
    assert text == "#60\n$dumpvars\n0!\nb1111 #\n$end\n#70\n"
