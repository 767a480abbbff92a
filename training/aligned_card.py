"""The card of a model that was aligned: what was made anew, and what is another model's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from models.aligning import Gate, Lower
from models.scorer import Scorer
from training.card import evidence_as_json, history_of, scale_of
from training.censoring import teaching
from training.dataset import Dataset
from training.evidence import evidence_of
from training.figures import rounded
from training.findings import (
    ALIGNED,
    LEAKS_ACCEPTED,
    RULEBOOK_NOT_INFORMATIVE,
    Finding,
    leaks_accepted,
    not_informative,
)


def aligned_card(
    champion: Scorer,
    dataset: Dataset,
    lower: Lower,
    judged: Gate,
    seed: int,
    accepted: Mapping[str, str],
) -> dict[str, Any]:
    """The champion's card with everything that the alignment made anew.

    What was tested on held-out leads, the rungs' weights, segments, drift and the learning curve
    stay those of the model that was trained: `evaluation["of_model"]` and a finding name it.

    Args:
        champion: the model that was aligned.
        dataset: the history that it was aligned by, under the new edition.
        lower: what that history taught.
        judged: the gate that was passed.
        seed: of the gate.
        accepted: suspicious inputs that a person answers for, each with its suspicion.
    """
    card = champion.card
    trained = str(card.get("aligned", {}).get("figures_of", champion.versions.model))
    ladder = lower.ladder
    told = history_of(dataset, teaching(dataset)) | {
        "evidence": evidence_as_json(evidence_of(dataset)),
        "scale": scale_of(dataset, ladder, lower.half_life),
        "half_life": lower.half_life,
        "rulebook_informative": ladder.informative,
        "aligned": {
            "from": champion.versions.model,
            "from_edition": champion.versions.aligned_to,
            "figures_of": trained,
            "gate": asdict(judged),
            "seed": seed,
        },
        "accepted_leaks": dict(accepted),
        "findings": _findings(champion, dataset, lower, judged, trained, accepted),
    }
    if card.get("evaluation") is not None:
        told["evaluation"] = card["evaluation"] | {"of_model": trained}
    return card | dict(rounded(told))


def _findings(
    champion: Scorer,
    dataset: Dataset,
    lower: Lower,
    judged: Gate,
    trained: str,
    accepted: Mapping[str, str],
) -> list[Mapping[str, Any]]:
    found = [_aligned(champion, dataset.rulebook.edition, judged, trained)]
    if not lower.ladder.informative:
        found.append(not_informative(1.0 + lower.ladder.fitted.b, None))
    if accepted:
        found.append(leaks_accepted(accepted))
    told = {ALIGNED, LEAKS_ACCEPTED, RULEBOOK_NOT_INFORMATIVE}
    return [
        *(vars(one) for one in found),
        *(one for one in champion.card.get("findings", []) if one["name"] not in told),
    ]


def _aligned(champion: Scorer, edition: str, judged: Gate, trained: str) -> Finding:
    before = champion.versions
    return Finding(
        ALIGNED,
        f"Aligned from model {before.model} (edition {before.aligned_to}) to edition {edition}. "
        f"On {judged.leads:,} leads that its points and scale were not fitted on, but its trees "
        f"were, log loss is {judged.log_loss:.4f}, {judged.log_loss_before:.4f} of that model "
        f"under the same edition; calibration error {judged.ece:.4f}, {judged.ece_before:.4f}. "
        "Trees, the rungs' weights and the calibration are kept; figures on held-out leads, "
        f"segments, drift and the findings below are of model {trained}. `leadpact train` makes "
        "them anew.",
    )
