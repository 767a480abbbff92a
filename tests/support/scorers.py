"""Scorers made without a training: everything learned is drawn."""

from __future__ import annotations

from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.facts import facts_of
from features.rulebook.points import award
from features.snapshot import take_snapshot
from features.timeline import no_activities
from models.bundle import Bundle, Versions
from models.scorer import Scorer
from tests.support.build import FIELDS, RULEBOOK, at, fields, rulebook
from tests.support.ladders import random_ladder

TAUGHT = [
    {"employees": 300, "industry": "retail", "phone": True, "visits": 3},
    {"employees": 20, "industry": "Logistics", "phone": False, "visits": 9},
    {"employees": 5000, "industry": "retail", "title": "Student", "visits": 1},
    {"industry": "banking", "phone": True, "email": "a@gmail.com", "visits": 40},
]


def drawn_scorer(told: str = FIELDS, seed: int = 3, agreement: str = RULEBOOK) -> Scorer:
    """A model of these fields and this rulebook that no history taught."""
    declared, agreed = fields(told), rulebook(agreement)
    vocabulary = Vocabulary(("web",), ("webinar",), ("marketing",))
    columns = from_records(TAUGHT * 30, declared).columns
    snapshot = take_snapshot(columns, no_activities(), at(*[0.0] * columns.n), declared)
    features = Catalogue.of(declared, vocabulary).compute(snapshot)
    share = award(agreed, facts_of(snapshot, features)).share
    ladder = random_ladder(agreed, features, share, seed)
    return Scorer(Bundle(declared, agreed, vocabulary, ladder, {}), Versions("m", *[""] * 6))
