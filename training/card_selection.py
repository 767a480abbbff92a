"""Whom sales worked, in words: what can be said of the leads it left behind, and what cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.wording import in_hundred, span
from training.card_parts import Section


def whom_sales_worked(told: Mapping[str, Any] | None) -> Section:
    """The section of the card; empty where no lead is unworked."""
    title = "Whom sales worked"
    if told is None:
        return Section(title)
    return Section(title, (*_choice(told), *unworked_sentences(told)))


def unworked_sentences(told: Mapping[str, Any] | None) -> list[str]:
    """What the model's likelihoods mean for leads that sales never worked."""
    if told is None:
        return []
    found = told["left_behind"]
    if found is None:
        return [
            f"{told['unworked']:,} leads were never worked. What they would have done is not "
            "known, no reweighting repairs what reps saw and did not record, and nothing can be "
            "claimed of them: a likelihood speaks of leads as sales would choose them. Work a few "
            "in a hundred of those left behind by lot, and mark them (`explored` in fields.yaml)."
        ]
    says = (
        f"Of the leads left behind {found['leads']:,} were worked by lot and "
        f"{found['conversions']:,} converted. By them {in_hundred(found['likely'])} of the "
        f"{told['unworked']:,} that were never worked would have converted "
        f"({span(found['low'], found['high'])}), where the model says "
        f"{in_hundred(found['told'])}: it speaks of leads as sales would choose them."
    )
    change = f"{found['delta']:+.2f}".replace("-", "\N{MINUS SIGN}")
    return [says, f"Being left behind is worth {change} in log-odds; it is in no score."]


def _choice(told: Mapping[str, Any]) -> list[str]:
    found = told["choice"]
    if found is None:
        return ["Too few leads of either kind to say how sales chose whom to work."]
    a, b = (100 * p for p in found["propensity"])
    return [
        f"Recorded fields and marketing's activities tell whom sales worked with an AUC of "
        f"{found['auc']:.2f} (.5 is a choice by lot): a mean propensity of {a:.0f} in 100 among "
        f"the {found['worked']:,} worked leads and of {b:.0f} among the {found['unworked']:,} "
        f"unworked. {100 * found['overlap']:.0f} % of the unworked have worked leads of like "
        "propensity beside them; of the others the history holds nothing."
    ]
