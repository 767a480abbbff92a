"""`leadpact train --tune N`: settings of rung 3 for those who want to look for them.

The defaults need no tuning, and stay unless others are better beyond doubt. Every trial climbs the
whole ladder on the leads that are not held out and is judged by predictions of leads outside each
fold, in time order where there is one; the held-out leads are never looked at. Trials are kept in
the workspace (Optuna, SQLite): called again, tuning goes on where it ended, and whether it was
interrupted changes nothing, for a trial hangs on its number, the seed and the trials before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.arrays import Floats, Ints
from models.bayes import log_loss_of
from training.dataset import Dataset
from training.evaluate import fit_rows, new_ladder
from training.rungs import mean_and_error
from training.split import held_out

if TYPE_CHECKING:
    import optuna

CLEAR = 2.0
"""Standard errors by which settings must beat the defaults; the best of many looks good by luck."""

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Tuned:
    """What tuning came to.

    Attributes:
        trials: how many settings were tried so far, beside the defaults.
        best: the best of them.
        default_loss, best_loss: mean out-of-fold log loss of the defaults, and of the best.
        gain, error: by how much the best is better, paired by lead, and its standard error.
    """

    trials: int
    best: dict[str, Any]
    default_loss: float
    best_loss: float
    gain: float
    error: float

    @property
    def settings(self) -> dict[str, Any]:
        """What to train with: the best where it is better beyond doubt, else the defaults."""
        return self.best if self.gain > CLEAR * self.error else {}

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return vars(self) | {"settings": self.settings}


def tune(
    dataset: Dataset,
    trials: int,
    store: Path,
    threads: int,
    seed: int,
    told: Callable[[str], None] = lambda _what: None,
) -> Tuned | None:
    """Try settings until `trials` of them are known; None where history is too thin to judge any.

    Args:
        dataset: the history.
        trials: settings to try in all, those of earlier calls on the same history among them.
        store: SQLite file that keeps them.
        threads, seed: as in `training.plan.Plan`.
        told: is told what is being tried.
    """
    test = held_out(dataset.lead, dataset.order)
    rows = np.flatnonzero(~test)
    told("Tuning: the defaults")
    plain = _losses(dataset, rows, {}, threads, seed)
    if plain is None:
        return None
    default, w = plain
    study = _study(store, dataset, seed)
    for number in range(len(_done(study)), trials):
        told(f"Tuning: trial {number + 1} of {trials}")
        trial = _ask(study, number, seed)
        found = _losses(dataset, rows, trial.params, threads, seed)
        assert found is not None  # the same leads as the defaults
        study.tell(trial, float(np.average(found[0], weights=w)))
    best = dict(study.best_params)
    again = _losses(dataset, rows, best, threads, seed)
    assert again is not None
    gain, error = mean_and_error(default - again[0], w)
    return Tuned(
        trials=len(_done(study)),
        best=best,
        default_loss=float(np.average(default, weights=w)),
        best_loss=float(np.average(again[0], weights=w)),
        gain=gain,
        error=error,
    )


def tuning_sentence(told: Mapping[str, Any]) -> str:
    """What tuning came to, from the card's figures."""
    many = f"{told['trials']:,} settings of the boosters were tried"
    losses = (
        f"log loss outside the folds {told['best_loss']:.4f} at best, "
        f"{told['default_loss']:.4f} with the defaults"
    )
    chosen = ", ".join(f"{name} {value:.3g}" for name, value in told["settings"].items())
    end = f"the best are used: {chosen}" if chosen else "not clear of chance, the defaults stay"
    return f"{many}: {losses}; {end}."


def _losses(
    dataset: Dataset, rows: Ints, settings: Settings, threads: int, seed: int
) -> tuple[Floats, Floats] | None:
    """Losses of leads outside the fold that taught them, and their weights; None without any."""
    ladder = fit_rows(dataset, new_ladder(dataset, threads, seed, settings), rows)
    found = ladder.out_of_fold_
    if not found:
        return None
    return log_loss_of(found["combined"], found["y"]), found["w"]


def _study(store: Path, dataset: Dataset, seed: int) -> optuna.Study:
    """The trials of this very history, documents and seed; another one begins anew."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    store.parent.mkdir(parents=True, exist_ok=True)
    parts = dataset.fingerprint(), dataset.fields.fingerprint(), dataset.rulebook.fingerprint()
    name = hashlib.sha256(" ".join((*parts, str(seed))).encode()).hexdigest()[:16]
    return optuna.create_study(
        storage=f"sqlite:///{store}", study_name=name, direction="minimize", load_if_exists=True
    )


def _done(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Trials that came to an end; one that was interrupted is asked again as if it never was."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _ask(study: optuna.Study, number: int, seed: int) -> optuna.Trial:
    import optuna

    # A sampler of its own each time: its draws hang on the number, not on what this process drew.
    study.sampler = optuna.samplers.TPESampler(seed=seed * 100_003 + number, n_startup_trials=8)
    trial = study.ask()
    trial.suggest_int("num_leaves", 4, 48, log=True)
    trial.suggest_float("lambda_l2", 0.3, 60.0, log=True)
    trial.suggest_float("feature_fraction", 0.4, 1.0)
    trial.suggest_int("min_data_in_leaf", 3, 80, log=True)
    return trial
