"""`leadpact init` without a leads file: common fields and a small rulebook to begin with."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from features.fields import Fields, parse_document
from features.rulebook.document import parse_rulebook
from training.draft.workspace import company_of
from training.draft.write import dump, refuse_existing, write_texts

_UNNAMED = "company: this company\n"


def draft_empty(folder: Path, force: bool = False) -> list[str]:
    """Write both drafts for a company that has no leads yet; gives notes for the person.

    Args:
        folder: the workspace; made where it is not there.
        force: replace drafts that are there.

    Raises:
        InputRefused: when drafts would be replaced without `force`.
    """
    refuse_existing(folder, force)
    ours = files("training.draft").joinpath("empty_company")
    told = (ours.joinpath(f"{name}.yaml").read_text("utf-8") for name in ("fields", "rulebook"))
    fields, rulebook = told
    fields = fields.replace(_UNNAMED, dump({"company": company_of(folder)}))
    parse_document(Fields, fields, "the drafted fields.yaml")
    n = len(parse_rulebook(rulebook, "the drafted rulebook.yaml").criteria)
    write_texts(folder, fields, rulebook)
    return [
        f"The rulebook holds {n} common criteria that no outcome has weighed. Until outcomes are "
        "known, every score is what it says.",
    ]
