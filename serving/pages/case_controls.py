"""Test cases in the form of a proposal: which stand open, what is typed of them, and what their
buttons do. No HTML here.

As with conditions, only a case that is being changed has controls. They are told apart by the place
of the case in the stored text; `NEW` is a case to be added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from features.errors import InputRefused
from features.fields import Fields
from features.rulebook.cases import run_cases
from features.rulebook.document import Case, Rulebook
from serving.pages.case_texts import ACTIVITY, MOST_ROWS, case_of, count_of, texts_of

NEW = "new"
STEPS = ("case", "case-more", "case-less")
"""What the buttons do, each followed by a case and `case-less` by an activity too: show its
controls, add an activity, take one out."""


@dataclass(frozen=True)
class CaseControls:
    """One test case of a proposal.

    Attributes:
        owner: its place in the stored text, or `NEW`.
        says: what it expects, in words.
        verdict: how it comes out under the text shown; "" where it cannot be run.
        typed: key -> text of its controls; None while it is not being changed.
        rows: how many activities have controls.
        errors: key -> what is wrong.
        dropped: whether it is to be taken out.
    """

    owner: str
    says: str
    verdict: str
    typed: Mapping[str, str] | None
    rows: int
    errors: Mapping[str, str]
    dropped: bool


def stored_cases(book: Rulebook) -> list[dict[str, Any]]:
    """The cases as the book's text tells them."""
    found: list[dict[str, Any]] = yaml.safe_load(book.text()).get("tests", [])
    return found


def typed_of(typed: Mapping[str, str], owner: str) -> dict[str, str] | None:
    """Key -> text of what a form holds of a case; None where it holds nothing of it."""
    end = f"-case-{owner}"
    if f"rows{end}" not in typed:
        return None
    return {name.removesuffix(end): text for name, text in typed.items() if name.endswith(end)}


def edited_cases(
    stored: Sequence[dict[str, Any]], typed: Mapping[str, str], fields: Fields
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The cases that typing makes of the stored ones, and control -> what is wrong; such a case
    stays as it was."""
    kept, errors = [], dict[str, str]()
    for owner, was in [*((str(i), case) for i, case in enumerate(stored)), (NEW, None)]:
        if typed.get(f"drop-case-{owner}"):
            continue
        texts, found = typed_of(typed, owner), was
        if texts is not None:
            made, problems = case_of(texts, fields)
            errors |= {f"{key}-case-{owner}": why for key, why in problems.items()}
            # 640 and 640.0 are one number: what is equal keeps the text that was signed.
            found = was if problems or made == was else made
        kept += [] if found is None else [found]
    return kept, errors


def case_controls(
    stored: Sequence[dict[str, Any]],
    book: Rulebook,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    fields: Fields,
) -> list[CaseControls]:
    """Every case of a proposal, and the one to be added if it was begun.

    Args:
        stored: as the proposal's stored text tells them.
        book: the text that is shown, under which they are run.
        typed: the form as sent.
        errors: name of a control -> what is wrong with it.
        fields: what a lead may be given.
    """
    found = []
    for owner, case in [*((str(i), case) for i, case in enumerate(stored)), (NEW, None)]:
        texts = typed_of(typed, owner)
        if case is None and texts is None:
            continue
        end = f"-case-{owner}"
        wrong = {k.removesuffix(end): why for k, why in errors.items() if k.endswith(end)}
        told = case if texts is None else case_of(texts, fields)[0]
        says = "A new case" if case is None else str(case["says"])
        verdict = "" if told is None or wrong else _verdict(told, book, fields)
        rows = 0 if texts is None else count_of(texts)
        dropped = bool(typed.get(f"drop-case-{owner}"))
        found.append(CaseControls(owner, says, verdict, texts, rows, wrong, dropped))
    return found


def _verdict(told: Mapping[str, Any], book: Rulebook, fields: Fields) -> str:
    try:
        case = Case.model_validate(told)
    except ValidationError:
        return ""  # It has just been begun; what it lacks is told once it is saved or checked.
    [found] = run_cases(book.model_copy(update={"tests": (case,)}), fields)
    return "holds" if found.holds else f"does not hold: {found.why}"


def rearranged_cases(
    typed: Mapping[str, str], step: str, stored: Sequence[dict[str, Any]], fields: Fields
) -> dict[str, str]:
    """The form after one of `STEPS`; nothing that was typed is lost.

    Raises:
        InputRefused: when there is no such case or activity, or no controls can hold it.
    """
    what, _, rest = step.partition(" ")
    owner, _, place = rest.partition(" ")
    if owner not in (NEW, *map(str, range(len(stored)))):
        raise InputRefused(f"There is no test case {owner[:20]!r} in this proposal.")
    texts = typed_of(typed, owner)
    if what == "case":
        texts = _opened(owner, stored, fields) if texts is None else texts
    elif texts is None:
        raise InputRefused("This test case is not open. Open it first.")
    else:
        texts = _with_one_more(texts) if what == "case-more" else _without(texts, place)
    kept = {name: text for name, text in typed.items() if not name.endswith(f"-case-{owner}")}
    return kept | {f"{key}-case-{owner}": text for key, text in texts.items()}


def _opened(owner: str, stored: Sequence[dict[str, Any]], fields: Fields) -> dict[str, str]:
    if owner == NEW:
        return {"rows": "0"}
    texts = texts_of(stored[int(owner)], fields)
    if texts is None:
        raise InputRefused(
            "Controls cannot hold this test case (it gives its lead a field that is not declared, "
            "or a value of another type). Change it under “Show as YAML”."
        )
    return texts


def _with_one_more(texts: dict[str, str]) -> dict[str, str]:
    rows = count_of(texts)
    if rows >= MOST_ROWS:
        raise InputRefused(f"A test case has {MOST_ROWS} activities at most.")
    return texts | {"rows": str(rows + 1)}


def _without(texts: dict[str, str], place: str) -> dict[str, str]:
    rows = count_of(texts)
    if place not in map(str, range(rows)):
        raise InputRefused(f"There is no activity {place[:20]!r}.")
    kept = [i for i in range(rows) if str(i) != place]
    out = {f"{key}_{i}" for key in ACTIVITY for i in range(rows)}
    told = {key: text for key, text in texts.items() if key not in out}
    moved = {
        f"{key}_{new}": texts.get(f"{key}_{i}", "")
        for new, i in enumerate(kept)
        for key in ACTIVITY
    }
    return told | moved | {"rows": str(rows - 1)}
