"""Two strong rivals that Leadpact itself never installs: EBM and CatBoost.

They come with `make bench-quality`, which keeps them in a virtual environment of their own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.arrays import Floats, Table
from models.history import History, Leads
from training.baselines import BASELINES, Baseline, frame_of


def catboost(past: History, next_: Leads, seed: int) -> Floats:
    """CatBoost as it comes: 1,000 rounds, a step by size, ordered target statistics."""
    from catboost import CatBoostClassifier, Pool

    old, new = frame_of(past.leads.features), frame_of(next_.features)
    kept = _varying(old)
    categories = [c for c in kept if not pd.api.types.is_numeric_dtype(old[c])]
    model = CatBoostClassifier(
        random_seed=seed,
        thread_count=1,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(Pool(old[kept], past.y.astype(int), cat_features=categories))
    return np.asarray(model.predict_proba(Pool(new[kept], cat_features=categories))[:, 1])


def ebm(past: History, next_: Leads, seed: int) -> Floats:
    """Explainable boosting machine (interpret-core), as it comes."""
    from interpret.glassbox import ExplainableBoostingClassifier

    old, new = frame_of(past.leads.features), frame_of(next_.features)
    kept = _varying(old)
    kinds = ["continuous" if pd.api.types.is_numeric_dtype(old[c]) else "nominal" for c in kept]
    model = ExplainableBoostingClassifier(feature_types=kinds, random_state=seed, n_jobs=1)
    model.fit(old[kept], past.y.astype(int))
    return np.asarray(model.predict_proba(new[kept])[:, 1])


def _varying(frame: pd.DataFrame) -> list[str]:
    return [c for c in frame if frame[c].nunique(dropna=False) > 1]


RIVALS: dict[str, Baseline] = {**BASELINES, "ebm": ebm, "catboost": catboost}


def describe(features: Table) -> str:
    """How many features of which kind every method sees."""
    numbers = sum(features.is_number(name) for name in features.names)
    return f"{numbers} numbers, {len(features.names) - numbers} categories"
