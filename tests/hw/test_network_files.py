"""network.json and weights.npz: the schema, and files that were damaged in any way."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import get_args, get_type_hints

import jsonschema
import numpy as np
import pytest

from hw import ChronogateError, Feature, Metadata, Network
from hw.network.schema import network_schema
from hw.network.serialization import (
    BLOCKS,
    FUNCTIONS,
    document_fingerprint,
    encode_network,
    fingerprint,
    load_network,
    save_network,
)
from hw.network.weight_arrays import ARRAYS
from hw.network.weight_file import manifest
from tests.hw.drawing import draw_network
from tests.hw.graphs import GRAPHS

SCHEMA = Path("docs/network.schema.json")
Document = dict[str, object]


@pytest.fixture(scope="module")
def network() -> Network:
    return draw_network(1, "lstm")


@pytest.fixture
def folder(network: Network, tmp_path: Path) -> Path:
    save_network(network, tmp_path)
    return tmp_path


def test_the_published_schema_is_this_one() -> None:
    assert json.loads(SCHEMA.read_text()) == network_schema(), "run make schema"


@pytest.mark.parametrize("kind", ["mlp", "lstm", "gru_after", "gru_before", *GRAPHS])
def test_networks_are_as_the_schema_says(kind: str) -> None:
    network = GRAPHS[kind]() if kind in GRAPHS else draw_network(2, kind)
    document = json.loads(json.dumps(encode_network(network)[0]))
    validator = jsonschema.Draft202012Validator(network_schema())
    assert [error.json_path for error in validator.iter_errors(document)] == []
    for change in ({"version": 3}, {"extra": 1}, {"mode": "often"}, {"fingerprint": "12"}):
        assert not validator.is_valid({**document, **change})
    for key in document:
        assert not validator.is_valid({name: document[name] for name in document if name != key})


def test_every_array_of_every_block_is_described() -> None:
    seen: set[str] = set()

    def visit(kind: object) -> None:
        for option in get_args(kind):
            visit(option)
        if not isinstance(kind, type) or not is_dataclass(kind) or kind.__name__ in seen:
            return
        seen.add(kind.__name__)
        hints = get_type_hints(kind)
        arrays = {f.name for f in fields(kind) if hints[f.name] is np.ndarray}
        assert arrays == set(ARRAYS.get(kind.__name__, {})), kind
        assert {wanted.format for wanted in ARRAYS.get(kind.__name__, {}).values()} <= set(hints)
        for hint in hints.values():
            visit(hint)

    for kind in (*BLOCKS.values(), *FUNCTIONS.values()):
        visit(kind)
    assert set(ARRAYS) <= seen


def rewrite(folder: Path, change: Callable[[Document], object], seal: bool = True) -> None:
    """Change the document, and its fingerprint with it, as a forger would."""
    path = folder / "network.json"
    document = json.loads(path.read_text())
    change(document)
    if seal:
        document["fingerprint"] = document_fingerprint(document)
    path.write_text(json.dumps(document))


def reweigh(folder: Path, change: Callable[[dict[str, np.ndarray]], object], seal: bool) -> None:
    """Change the arrays, and with `seal` the manifest."""
    with np.load(folder / "weights.npz") as archive:
        arrays = dict(archive)
    change(arrays)
    np.savez(folder / "weights.npz", allow_pickle=False, **arrays)
    if seal:
        rewrite(folder, lambda document: document.update(weights=manifest(arrays)))


def first(arrays: dict[str, np.ndarray]) -> str:
    return min(arrays)


def bump(arrays: dict[str, np.ndarray]) -> None:
    array = arrays[first(arrays)]
    array.flat[0] += 1 if array.flat[0] <= 0 else -1


def beyond(arrays: dict[str, np.ndarray]) -> None:
    arrays[first(arrays)].flat[0] = 1 << 40


@pytest.mark.parametrize(
    ("change", "seal", "said"),
    [
        (bump, False, "is not the one that network.json was written with"),
        (beyond, True, "holds codes from .* to 1099511627776, which ap_fixed.* does not"),
        (lambda a: a.pop(first(a)), False, "lacks the array"),
        (lambda a: a.update(more=np.zeros(2, np.int64)), False, "holds an array 'more'"),
        (lambda a: a.update(more=np.zeros(2, np.int64)), True, "no node uses the array 'more'"),
        (lambda a: a.update({first(a): a[first(a)].T[:-1]}), False, r"is int64 \(.*, not int64"),
        (lambda a: a.update({first(a): a[first(a)][..., :-1]}), True, "has the shape"),
        (lambda a: a.update({first(a): a[first(a)].astype(np.float64)}), False, "is float64"),
        (lambda a: a.update({first(a): a[first(a)].astype(np.int32)}), True, "expected dtype"),
        (lambda a: a.update({first(a): np.zeros((900, 900), np.int64)}), False, "is larger than"),
    ],
)
def test_wrong_weights_are_refused(
    folder: Path, change: Callable[[dict[str, np.ndarray]], object], seal: bool, said: str
) -> None:
    reweigh(folder, change, seal)
    with pytest.raises(ChronogateError, match=said):
        load_network(folder)


def spec(document: Document) -> dict[str, object]:
    nodes = document["nodes"]
    assert isinstance(nodes, list)
    return next(node["spec"] for node in nodes if node["block"] == "LSTM")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(version=2), "of version 2, and this program reads version"),
        (lambda d: d.pop("mode"), "the document lacks 'mode'"),
        (lambda d: d.update(mode="often"), "mode: expected one of window, sliding, streaming"),
        (lambda d: d.update(notes=1), "the document has 'notes'"),
        (lambda d: d["nodes"][0].update(block="Mystery"), "a block of this version.*Mystery"),
        (lambda d: d["nodes"][0].update(block=["LSTM"]), "a block of this version"),
        (lambda d: spec(d).update(kernel="other"), "kernel: expected the array"),
        (lambda d: spec(d).update(steps=1.5), r"steps: expected int, found 1\.5"),
        (lambda d: spec(d).update(storage="tape"), "storage: expected one of"),
        (lambda d: spec(d)["activation"].update(kind="Spline"), "activation: expected one of"),
        (lambda d: spec(d)["input"].update(width=99), "99 bits"),
        (lambda d: d.update(nodes={}), "nodes: expected a list"),
        (lambda d: d["metadata"].update(step_seconds="x"), "metadata.step_seconds: expected float"),
    ],
)
def test_wrong_documents_are_refused(
    folder: Path, change: Callable[[Document], object], said: str
) -> None:
    rewrite(folder, change)
    with pytest.raises(ChronogateError, match=said):
        load_network(folder)


def test_changed_documents_are_refused(folder: Path) -> None:
    rewrite(folder, lambda document: document["metadata"].update(horizon=77), seal=False)
    with pytest.raises(ChronogateError, match="was changed after it was written: run `accel"):
        load_network(folder)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(folder: Path, number: str) -> None:
    path = folder / "network.json"
    path.write_text(path.read_text().replace('"step_seconds": 0.0', f'"step_seconds": {number}'))
    with pytest.raises(ChronogateError, match="accel convert"):
        load_network(folder)
    path.write_text("[" * 100_000)
    with pytest.raises(ChronogateError, match="accel convert"):
        load_network(folder)


def test_numbers_that_are_none_are_not_written(network: Network, tmp_path: Path) -> None:
    metadata = Metadata(features=(Feature("load", scale=float("nan")),))
    with pytest.raises(ChronogateError, match=r"metadata\.features\.0\.scale is nan"):
        save_network(replace(network, metadata=metadata), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_files_of_two_networks_are_refused(folder: Path, tmp_path: Path) -> None:
    save_network(draw_network(7, "lstm"), tmp_path / "other")
    (tmp_path / "other" / "weights.npz").replace(folder / "weights.npz")
    with pytest.raises(ChronogateError, match="accel convert"):
        load_network(folder)


def attempt(folder: Path) -> str:
    """Return the fingerprint of what is loaded, or the refusal."""
    try:
        return fingerprint(load_network(folder))
    except ChronogateError as error:
        return str(error)


@pytest.mark.parametrize("name", ["network.json", "weights.npz"])
def test_any_truncation_or_flipped_bit_is_refused_or_harmless(folder: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    path = folder / name
    whole, wanted = path.read_bytes(), fingerprint(load_network(folder))
    refused = 0
    for _ in range(150):
        place = int(rng.integers(len(whole)))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        for damaged in (whole[:place], bytes(flipped)):
            path.write_bytes(damaged)
            said = attempt(folder)
            refused += said != wanted
            assert said == wanted or said.endswith("run `accel convert` again")
    assert refused > 200


def test_the_hashes_are_what_the_schema_says(folder: Path) -> None:
    document = json.loads((folder / "network.json").read_text())
    with np.load(folder / "weights.npz") as archive:
        for name, entry in document["weights"].items():
            assert sha256(archive[name].astype("<i8").tobytes()).hexdigest() == entry["sha256"]
    found = document.pop("fingerprint")
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    assert sha256(text.encode("ascii")).hexdigest() == found
