"""``accel check`` and ``accel schema``."""

import json
from pathlib import Path

from typer.testing import CliRunner

from accel.cli import app
from hw.network.schema import network_schema
from hw.network.serialization import fingerprint, save_network
from tests.hw.drawing import draw_network


def test_check_tells_what_is_there_and_what_is_wrong(tmp_path: Path) -> None:
    network = draw_network(3, "mlp")
    save_network(network, tmp_path)
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 0
    assert fingerprint(network) in result.stdout
    found = json.loads(CliRunner().invoke(app, ["check", str(tmp_path), "--json"]).stdout)
    assert (found["name"], found["nodes"]) == (network.name, len(network.nodes))
    weights = tmp_path / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-9])
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert "weights.npz cannot be read" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_schema_is_printed() -> None:
    assert json.loads(CliRunner().invoke(app, ["schema"]).stdout) == network_schema()
