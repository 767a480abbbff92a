"""Evidence about the rules of a workspace, and whether acting on it would have paid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.arrays import Floats, Ints
from features.catalogue import Catalogue
from features.errors import InputRefused, NothingToLearn
from features.facts import facts_of
from features.rulebook.document import Rulebook
from features.rulebook.points import Agreed, award
from models.bayes import log_loss_of
from models.evidence.criteria import Evidence, weigh_evidence
from models.evidence.fit import stated_scale
from models.evidence.owned import owned_by
from models.evidence.suggest import suggest_edition
from models.history import History, Leads
from models.recency import clock_penalties
from models.updated import fit_scale
from models.workspace import Workspace
from training.cohort import repeat_weights
from training.dataset import Dataset
from training.split import held_out


@dataclass(frozen=True)
class Trial:
    """What a suggestion from the older leads did on the newer ones.

    Attributes:
        tested: leads it was tried on.
        before, after: log loss of the rulebook alone, scale fitted, as signed and as suggested.
        gain: before - after; error: its standard error, paired by lead.
        changes: criteria that the older leads moved.
    """

    tested: int
    before: float
    after: float
    gain: float
    error: float
    changes: int


def history_of(dataset: Dataset, rulebook: Rulebook, agreed: Agreed) -> History:
    """The leads of a dataset as history under an edition."""
    f0 = np.asarray(stated_scale(rulebook).log_odds(agreed.total))
    leads = Leads(f0, dataset.features, agreed.share)
    w = repeat_weights(dataset.person)
    return History(leads, dataset.y, w, dataset.order, dataset.groups)


def evidence_of(dataset: Dataset, rows: Ints | None = None) -> Evidence:
    """Evidence about the workspace's rulebook from all leads whose outcome is known, or some.

    Raises:
        NothingToLearn: when no lead's outcome is known.
    """
    if dataset.n == 0:
        told = ", ".join(f"{count:,} {state}" for state, count in dataset.states.items() if count)
        raise NothingToLearn(
            "No lead's end is known, so history says nothing of the criteria yet "
            f"({dataset.rows:,} leads in the file{f': {told}' if told else ''}). Come back when "
            "the first ones have matured; until then the agreement stands as signed."
        )
    rulebook = dataset.rulebook
    history, agreed = history_of(dataset, rulebook, dataset.agreed), dataset.agreed
    if rows is not None:
        history, agreed = history.take(rows), agreed.take(rows)
    catalogue = Catalogue.of(dataset.fields, dataset.vocabulary)
    owned = owned_by(rulebook, catalogue, dataset.snapshot.seen.own)
    order = history.order
    penalties = {} if order is None else clock_penalties(history.leads.features, order)
    return weigh_evidence(rulebook, history, agreed, owned, penalties)


def try_suggestion(dataset: Dataset) -> Trial | None:
    """Suggest from the older leads, test on the newer. None where either has one outcome only."""
    test = held_out(dataset.lead, dataset.order)
    past, next_ = np.flatnonzero(~test), np.flatnonzero(test)
    if any(len(part) == 0 or np.ptp(dataset.y[part]) == 0 for part in (past, next_)):
        return None
    suggestion = suggest_edition(dataset.rulebook, evidence_of(dataset, past), dataset.fields)
    before = tested(dataset, dataset.rulebook, past, next_)
    after = tested(dataset, suggestion.edition, past, next_)
    gain = before - after
    return Trial(
        tested=len(next_),
        before=float(before.mean()),
        after=float(after.mean()),
        gain=float(gain.mean()),
        error=float(gain.std() / np.sqrt(len(gain))),
        changes=len(suggestion.changes),
    )


def tested(dataset: Dataset, edition: Rulebook, past: Ints, next_: Ints) -> Floats:
    """Log losses of the newer leads under an edition whose scale the older ones fitted."""
    agreed = award(edition, facts_of(dataset.snapshot, dataset.features))
    history = history_of(dataset, edition, agreed)
    scale = fit_scale(history.take(past))
    return log_loss_of(scale.log_odds(history.leads.f0[next_]), dataset.y[next_])


def write_edition(edition: Rulebook, path: Path, workspace: Workspace) -> None:
    """Write a proposed edition, never over the one in force.

    Raises:
        InputRefused: when `path` is the workspace's rulebook, or cannot be written.
    """
    if path.resolve() == (workspace.folder / "rulebook.yaml").resolve():
        raise InputRefused(
            f"{path} is the rulebook in force; a proposal takes its place only when both teams "
            "have signed. Give --suggest another file."
        )
    try:
        path.write_text(edition.text(), encoding="utf-8")
    except OSError as error:
        raise InputRefused(f"--suggest {path} cannot be written: {error.strerror}.") from error
