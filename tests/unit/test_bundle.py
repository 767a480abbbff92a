"""A bundle is whole or refused, and the same history gives the same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from features.errors import BundleRefused
from models.bundle import PARTS, Bundle, load, save
from models.scorer import Scorer
from models.workspace import NoChampion, Workspace
from training.dataset import load_dataset
from training.pipeline import train
from training.plan import Plan


@pytest.fixture(name="bundle")
def _bundle(trained: Workspace, tmp_path: Path) -> Path:
    """A copy of the champion's bundle that a test may damage."""
    shutil.copytree(trained.champion(), tmp_path / "bundle")
    return tmp_path / "bundle"


def test_what_is_saved_reads_back_and_saves_to_the_same_bytes(bundle: Path, tmp_path: Path):
    made, versions = load(bundle)
    again = save(made, tmp_path / "again")
    assert again == versions
    for name in (*PARTS, "manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == (bundle / name).read_bytes(), name


def test_what_is_read_back_scores_as_before(trained: Workspace, bundle: Path):
    dataset = load_dataset(trained)
    a, b = Scorer.load(trained.champion()), Scorer.load(bundle)
    x, y = a.score_snapshot(dataset.snapshot), b.score_snapshot(dataset.snapshot)
    np.testing.assert_array_equal(x.exact, y.exact)
    assert x.explain(0) == y.explain(0)


def test_the_name_of_a_model_is_the_beginning_of_its_manifests_hash(trained: Workspace):
    folder = trained.champion()
    _, versions = load(folder)
    assert versions.model == folder.name
    assert versions.bundle_sha256.startswith(versions.model)
    assert versions.rulebook == trained.rulebook().edition
    assert versions.rulebook_sha256 == trained.rulebook().fingerprint()
    assert versions.fields_sha256 == trained.fields().fingerprint()


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "empty"])
def test_every_damaged_part_is_refused_by_its_name(bundle: Path, name: str, damage: str):
    path = bundle / name
    whole = path.read_bytes()
    middle = len(whole) // 2
    if damage == "gone":
        path.unlink()
    else:
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        path.write_bytes({"flipped": flipped, "cut": whole[:-1], "empty": b""}[damage])
    with pytest.raises(BundleRefused) as told:
        load(bundle)
    assert name in str(told.value)
    assert "opy" in str(told.value)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("schema", "leadpact/bundle/99", "this version reads 'leadpact/bundle/1'"),
        ("features", "0", "was made with features '0'"),
        ("catalogue", "0" * 64, "other features than this version computes"),
        ("catalogue", None, "other features"),
        ("parts", [], "lacks|damaged"),
        ("parts", 5, "damaged"),
    ],
)
def test_a_foreign_manifest_is_refused(bundle: Path, key: str, value: object, says: str):
    path = bundle / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(BundleRefused, match=says):
        load(bundle)


@pytest.mark.parametrize("key", ["schema", "features", "catalogue", "parts"])
def test_a_manifest_that_lacks_a_key_is_refused(bundle: Path, key: str):
    path = bundle / "manifest.json"
    told = json.loads(path.read_text())
    del told[key]
    path.write_text(json.dumps(told))
    with pytest.raises(BundleRefused, match="damaged"):
        load(bundle)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null"])
def test_a_manifest_that_is_none_is_refused(bundle: Path, text: str):
    (bundle / "manifest.json").write_text(text)
    with pytest.raises(BundleRefused, match="damaged"):
        load(bundle)


def test_whole_parts_of_another_version_are_refused(bundle: Path):
    """Someone rewrote a part and the manifest with it: nothing is guessed."""
    import hashlib

    (bundle / "ladder.json").write_text('{"stated": {}}')
    path = bundle / "manifest.json"
    told = json.loads(path.read_text())
    told["parts"]["ladder.json"] = hashlib.sha256(b'{"stated": {}}').hexdigest()
    path.write_text(json.dumps(told))
    with pytest.raises(BundleRefused, match="not of this version"):
        load(bundle)


def test_a_folder_without_a_bundle_is_refused(tmp_path: Path):
    with pytest.raises(BundleRefused, match=r"no manifest\.json"):
        load(tmp_path)


def test_the_bundle_holds_no_pickle_and_no_clock(trained: Workspace):
    folder = trained.champion()
    assert {p.suffix for p in folder.iterdir()} <= {".json", ".yaml", ".npy", ".txt"}
    np.load(folder / "covariance.npy", allow_pickle=False)
    made, _ = load(folder)
    assert isinstance(made, Bundle)


@pytest.mark.slow
def test_the_same_history_gives_the_same_bundle_byte_for_byte(tmp_path: Path):
    from training.sample import write_workspace

    made = []
    for name, threads in (("one", 1), ("two", 2)):
        write_workspace(tmp_path / name, 600, 7)
        plan = Plan(Workspace(tmp_path / name), threads=threads, register=False)
        made.append(train(plan).folder)
    assert made[0].name == made[1].name
    for path in made[0].iterdir():
        assert path.read_bytes() == (made[1] / path.name).read_bytes(), path.name


def test_a_workspace_without_a_model_says_what_to_do(tmp_path: Path):
    with pytest.raises(NoChampion, match="leadpact train"):
        Workspace(tmp_path).champion()
    (tmp_path / ".leadpact").mkdir()
    (tmp_path / ".leadpact" / "champion.json").write_text("{")
    with pytest.raises(NoChampion, match="damaged"):
        Workspace(tmp_path).champion()


@pytest.mark.parametrize(
    ("folder", "name"), [("Halden AG", "halden-ag"), ("ÄÖ", "workspace"), ("x_1", "x-1")]
)
def test_a_workspace_has_a_name_fit_for_a_registry(tmp_path: Path, folder: str, name: str):
    assert Workspace(tmp_path / folder).name == name
