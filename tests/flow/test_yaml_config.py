"""``accel convert CONFIG.yml``: hls4ml's own configuration file."""

import json
from pathlib import Path

import pytest
import yaml

from accel.flow.yaml_config import load_yaml_config
from accel.keras_models.files import save_model
from accel.qkeras_compat import qkeras
from hw.errors import ChronogateError
from hw.network.serialization import load_network
from tests.accel.conversion.models import bits, chain, dense, named
from tests.flow.commands import failure, invoke

TEXT = """
Backend: amaranth
KerasModel: !keras_model model.h5
OutputDir: out
ProjectName: small
Part: xcvu13p-flga2577-2-e
ClockPeriod: 5
InputData: null
IOType: io_parallel
HLSConfig:
  Model: {Precision: "fixed<16,6>", ReuseFactor: 1, Strategy: Resource}
  LayerName:
    head: {ReuseFactor: 3}
"""


def test_a_configuration_of_hls4mls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("small.yml")
    file.write_text(TEXT)
    assert "there is no model file model.h5" in failure("convert", file)
    save_model(chain([qkeras.QActivation(bits(6, 1)), named("head", dense(2))], (3,)), "model.h5")
    result = invoke("convert", file)
    assert result.exit_code == 0, result.output
    assert "mismatches: 0" in result.output
    network = load_network(Path("out"))
    assert network.name == "small"
    assert [node.spec.reuse for node in network.nodes if node.name == "head"] == [3]
    kinds = [yaml.compose(p.read_text()) for p in Path("out/hls").glob("hls4ml_config.yml")]
    assert "io_parallel" in str(kinds)
    Path("stream.yml").write_text(TEXT.replace("Strategy: Resource", "Mode: streaming"))
    assert "a run compares windows" in failure("convert", "stream.yml", "--run", "stream")
    # The configuration is the run's from then on.
    before = json.loads(Path("out/conversion.json").read_text())
    assert invoke("convert", "out").exit_code == 0
    assert json.loads(Path("out/conversion.json").read_text()) == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Backend: amaranth", "Backend: Vitis", "Backend is 'Vitis': write Amaranth"),
        ("Backend: amaranth", "Backnd: Vitis", "no key 'Backnd': use one of KerasH5, KerasModel"),
        ("io_parallel", "io_serial", "IOType is 'io_serial': write io_stream or io_parallel"),
        ("KerasModel: !keras_model model.h5", "", "names no model: write one of KerasH5"),
        ("Part:", "KerasH5:", "names 2 models: write one of KerasH5"),
        ("KerasModel: !keras_model", "OnnxModel:", "OnnxModel has no effect here: call accel"),
        ("InputData: null", "InputData: x.npy", "InputData has no effect here"),
        ("ProjectName: small", "ProjectName: 3", "ProjectName is 3: write a text"),
        ("HLSConfig:", "HLSConfig: 3\nClockUncertainty:", "HLSConfig is 3: write a table"),
        ("Backend: amaranth", "Backend: [", "is no YAML"),
        (TEXT, "- 1", "is no table of keys"),
        ("model.h5", "!!python/object:os.system 1", "is no YAML"),
    ],
)
def test_refusals(old: str, new: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(ChronogateError, match=message):
        load_yaml_config(file)
