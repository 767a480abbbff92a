"""A trained model as a folder of plain parts: JSON, YAML, LightGBM text, one numpy array.

No pickle, ever. `manifest.json` holds the sha256 of every part; a damaged or foreign bundle is
refused with a reason. The same history gives the same bundle, byte for byte.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.catalogue import VERSION as FEATURES_VERSION
from features.catalogue import Catalogue, Vocabulary
from features.errors import BundleRefused, LeadpactError
from features.fields import Fields, parse_document
from features.rulebook.document import Rulebook, parse_rulebook
from models.design import Design
from models.encoding import Encoding
from models.likelihood import FittedLadder
from models.retention import RetentionModel
from models.rungs import Affine, FittedScale, UpdatedPoints
from models.scale import Scale
from models.value import AmountModel

SCHEMA = "leadpact/bundle/1"
PARTS = (
    "fields.yaml",
    "rulebook.yaml",
    "ladder.json",
    "covariance.npy",
    "trees.txt",
    "vocabulary.json",
    "card.json",
)
_MAX_PART = 512 * 1024 * 1024


@dataclass(frozen=True)
class Versions:
    """What stands behind a number.

    Attributes:
        model: short name of the model, from the bundle's sha256.
        rulebook: name of the rulebook edition whose agreed points count.
        rulebook_sha256: of its canonical text.
        fields_sha256: of the field declarations.
        features: version of the feature catalogue, and its fingerprint.
        bundle_sha256: of the manifest, and so of every part.
        history_until: newest instant of the training history, ISO 8601; "" without dates.
        aligned_to: name of the edition that the model was taught with.
        older_than_pact: whether that is another one than the one that counts: what was learned
            answers to the old points until the model is aligned or trained anew.
    """

    model: str
    rulebook: str
    rulebook_sha256: str
    fields_sha256: str
    features: str
    bundle_sha256: str
    history_until: str
    aligned_to: str = ""
    older_than_pact: bool = False

    @property
    def decides(self) -> str:
        """What, besides a lead's own history, decides its score: two scores made with the same
        are made alike."""
        return f"{self.model} {self.rulebook_sha256}"


@dataclass(frozen=True)
class Bundle:
    """Everything a scorer needs.

    Attributes:
        fields: the lead schema it was trained on.
        rulebook: the edition it is aligned to.
        vocabulary: channels and kinds of its activity features.
        ladder: all that was learned.
        card: figures about the training, plain JSON.
        amounts: what leads bring if they are won; None where nothing says.
    """

    fields: Fields
    rulebook: Rulebook
    vocabulary: Vocabulary
    ladder: FittedLadder
    card: dict[str, Any]
    amounts: AmountModel | None = None
    retention: RetentionModel | None = None


def save(bundle: Bundle, folder: Path) -> Versions:
    """Write a bundle into `folder`, which is made; parts that are there are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = _parts(bundle)
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    manifest = {
        "schema": SCHEMA,
        "features": FEATURES_VERSION,
        "catalogue": Catalogue.of(bundle.fields, bundle.vocabulary).fingerprint(),
        "parts": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
    }
    (folder / "manifest.json").write_bytes(_json(manifest))
    return versions_of(bundle, _sha256(folder / "manifest.json"))


def versions_of(bundle: Bundle, manifest_sha256: str) -> Versions:
    """The versions that every number of this bundle states."""
    catalogue = Catalogue.of(bundle.fields, bundle.vocabulary).fingerprint()
    return Versions(
        model=manifest_sha256[:12],
        rulebook=bundle.rulebook.edition,
        rulebook_sha256=bundle.rulebook.fingerprint(),
        fields_sha256=bundle.fields.fingerprint(),
        features=f"{FEATURES_VERSION}-{catalogue[:12]}",
        bundle_sha256=manifest_sha256,
        history_until=str(bundle.card.get("history_until", "")),
        aligned_to=bundle.rulebook.edition,
    )


def load(folder: Path) -> tuple[Bundle, Versions]:
    """Read a bundle and check every part of it.

    Raises:
        BundleRefused: naming the part and what is wrong with it.
    """
    manifest = _manifest(folder)
    content = {name: _part(folder, name, manifest) for name in PARTS}
    where = str(folder)
    try:
        fields = parse_document(Fields, content["fields.yaml"].decode(), f"{where}/fields.yaml")
        rulebook = parse_rulebook(content["rulebook.yaml"].decode(), f"{where}/rulebook.yaml")
        assert isinstance(fields, Fields)
        vocabulary = Vocabulary(
            **{k: tuple(v) for k, v in json.loads(content["vocabulary.json"]).items()}
        )
        covariance = np.load(io.BytesIO(content["covariance.npy"]), allow_pickle=False)
        told = json.loads(content["ladder.json"])
        ladder = _ladder(told, covariance, content["trees.txt"].decode())
        amounts = AmountModel.from_json(told["amounts"]) if told.get("amounts") else None
        stays = RetentionModel.from_json(told["retention"]) if told.get("retention") else None
        card = json.loads(content["card.json"])
    except (KeyError, TypeError, ValueError, LeadpactError) as error:
        raise BundleRefused(
            f"The bundle in {where} cannot be read: {error}. Its parts are whole but not of this "
            "version; train again, or serve it with the version that made it."
        ) from error
    bundle = Bundle(fields, rulebook, vocabulary, ladder, card, amounts, stays)
    if manifest["catalogue"] != Catalogue.of(fields, vocabulary).fingerprint():
        raise BundleRefused(
            f"The bundle in {where} was trained on other features than this version computes. "
            "Train again: a score from mismatched features would be wrong without showing it."
        )
    return bundle, versions_of(bundle, _sha256(folder / "manifest.json"))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not path.is_file():
        raise BundleRefused(f"{folder} holds no model bundle (no manifest.json in it).")
    try:
        manifest = json.loads(path.read_bytes())
        if manifest["schema"] != SCHEMA:
            raise BundleRefused(
                f"The bundle in {folder} has schema {manifest['schema']!r}; this version reads "
                f"{SCHEMA!r}. Train again, or serve it with the version that made it."
            )
        if manifest["features"] != FEATURES_VERSION:
            raise BundleRefused(
                f"The bundle in {folder} was made with features {manifest['features']!r}; this "
                f"version computes {FEATURES_VERSION!r}. Train again."
            )
        found: dict[str, Any] = manifest | {
            "parts": dict(manifest["parts"]),
            "catalogue": str(manifest["catalogue"]),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise BundleRefused(f"{path} is damaged: {error}. Copy the bundle again.") from error
    return found


def _part(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    path = folder / name
    if not path.is_file():
        raise BundleRefused(f"The bundle in {folder} lacks its part {name}. Copy it again.")
    if path.stat().st_size > _MAX_PART:
        raise BundleRefused(f"{path} is larger than {_MAX_PART >> 20} MiB: no bundle of ours.")
    content = path.read_bytes()
    found, told = hashlib.sha256(content).hexdigest(), manifest["parts"].get(name)
    if found != told:
        raise BundleRefused(
            f"{path} is damaged: its sha256 is {found[:12]}..., the manifest says "
            f"{str(told)[:12]}.... Copy the bundle again from where it was made."
        )
    return content


def _parts(bundle: Bundle) -> dict[str, bytes]:
    ladder = bundle.ladder
    covariance = io.BytesIO()
    np.save(covariance, ladder.updated.V, allow_pickle=False)
    told = {
        "stated": asdict(ladder.stated),
        "fitted": asdict(ladder.fitted),
        "updated": {
            "design": ladder.updated.design.to_json(),
            "mean": ladder.updated.mean,
            "b": ladder.updated.b.tolist(),
            "level": ladder.updated.level,
        },
        "weights": dict(ladder.weights),
        "affine": asdict(ladder.affine),
        "base": ladder.base,
        "encoding": ladder.encoding.to_json(),
        "amounts": None if bundle.amounts is None else bundle.amounts.to_json(),
        "retention": None if bundle.retention is None else bundle.retention.to_json(),
    }
    return {
        "fields.yaml": bundle.fields.text().encode(),
        "rulebook.yaml": bundle.rulebook.text().encode(),
        "ladder.json": _json(told),
        "covariance.npy": covariance.getvalue(),
        "trees.txt": ladder.trees.encode(),
        "vocabulary.json": _json(asdict(bundle.vocabulary)),
        "card.json": _json(bundle.card),
    }


def _ladder(told: dict[str, Any], covariance: Any, trees: str) -> FittedLadder:
    updated = told["updated"]
    return FittedLadder(
        stated=Scale(**told["stated"]),
        fitted=FittedScale(**told["fitted"]),
        updated=UpdatedPoints(
            Design.from_json(updated["design"]),
            updated["mean"],
            np.array(updated["b"], dtype=np.float64),
            np.asarray(covariance, dtype=np.float64),
            updated.get("level", 0.0),
        ),
        weights=told["weights"],
        affine=Affine(**told["affine"]),
        base=told["base"],
        encoding=Encoding.from_json(told["encoding"]),
        trees=trees,
    )


def _json(value: object) -> bytes:
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
