"""The three real companies: their documents from tests/real, their data from ../shared/data."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from models.history import Leads
from models.ladder import AGREED, CRITERION, LadderClassifier
from models.scale import Scale
from models.workspace import Workspace
from training.dataset import Dataset, load_dataset

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
SETS = {
    "x_education": "Leads.csv.gz",
    "bank_marketing": "bank-additional-full.csv.gz",
    "ficzon": "ficzon_leads.csv",
}
"""Set -> its leads file, which is never copied into the repository."""


def leads_file(name: str) -> Path:
    """Where a set's leads lie."""
    return DATA / name / SETS[name]


def workspace(name: str, under: Path) -> Workspace:
    """A fresh workspace with a set's two documents; nothing is ever written into tests/real."""
    folder = under / name
    folder.mkdir(parents=True)
    for document in ("fields.yaml", "rulebook.yaml"):
        shutil.copy(ROOT / "tests" / "real" / name / document, folder)
    return Workspace(folder)


def dataset(name: str) -> Dataset:
    """A set's leads whose outcome is known, read-only."""
    return load_dataset(Workspace(ROOT / "tests" / "real" / name), leads_file(name))


def lead_frame(leads: Leads, ladder: LadderClassifier) -> pd.DataFrame:
    """Leads as the frame the ladder takes: features, agreed points, criteria."""
    scale = Scale(ladder.anchor_points, ladder.anchor_likelihood, ladder.points_to_double_odds)
    shares = {f"{CRITERION}{k}": column for k, column in enumerate(leads.criteria.T)}
    return pd.DataFrame({**leads.features.values, AGREED: scale.points(leads.f0), **shares})
