"""The text of a proposal: read, checked, and given the name it would have as an edition."""

from __future__ import annotations

import json

import yaml

from features.errors import DocumentRefused, InputRefused, Problem, shorten
from features.fields import Fields
from features.rulebook.cases import run_cases
from features.rulebook.check import complaints
from features.rulebook.document import Rulebook, parse_rulebook
from serving.pact.items import Items, document_of
from serving.pact.scope import Scope

MAX_TEXT = 200_000
"""Characters of a rulebook's text."""
_HERE = "/rulebook"


def refuse_text(detail: str, got: object = "") -> InputRefused:
    """The refusal of a proposal's text."""
    problem = Problem("rulebook", shorten(got), detail, "a rulebook as YAML", None, _HERE)
    return InputRefused(f"The rulebook cannot be taken: {detail}", [problem])


def read_draft(text: str, name: str, fields: Fields) -> Rulebook:
    """A proposed text as the edition `name`; what it says of its own name and state is replaced.

    Raises:
        InputRefused: when it is no rulebook, or does not fit the fields.
    """
    _refuse_aliases(text)
    try:
        book = parse_rulebook(text, "The proposal")
    except DocumentRefused as error:
        raise refuse_text(str(error)) from None
    return named(book, name, fields)


def named(book: Rulebook, name: str, fields: Fields) -> Rulebook:
    """The same rules as edition `name`, held against the fields.

    Raises:
        InputRefused: when they do not fit.
    """
    told = {"edition": name, "status": "unsigned", "effective_from": None}
    wrong = complaints(book, fields)
    if wrong:
        raise refuse_text(" ".join(wrong))
    found = book.model_copy(update=told)
    _refuse_unwritable(found)
    return found


def merged(items: Items, name: str, fields: Fields) -> Rulebook:
    """Merged items as edition `name`.

    Raises:
        InputRefused: when together they contradict each other, such as a group that is gone.
    """
    try:
        book = Rulebook.model_validate(document_of(items, name))
    except ValueError as error:
        told = str(error).partition("\n")[2].strip() or str(error)
        raise refuse_text(f"what both sides changed does not fit together: {told}") from None
    return named(book, name, fields)


def findings(book: Rulebook, base: Rulebook, fields: Fields, scope: Scope) -> list[str]:
    """What keeps a text from being proposed, a sentence each; empty if nothing."""
    if not _changes(base, book):
        return [f"It says what edition {base.edition} says."]
    failed = [v for v in run_cases(book, fields) if not v.holds]
    tests = [f"Its test does not hold: {v.says}: {v.why}" for v in failed]
    return tests + scope.breaches(book)


def _changes(base: Rulebook, book: Rulebook) -> bool:
    same = book.model_copy(update={"edition": base.edition})
    return same.fingerprint() != base.fingerprint()


def _refuse_unwritable(book: Rulebook) -> None:
    """What YAML can say and no canonical text can hold: half characters, endless numbers."""
    text = book.canonical()
    try:
        text.encode()
        json.loads(text, parse_constant=_refuse_constant)
    except UnicodeEncodeError:
        raise refuse_text("it holds half a character (a lone surrogate).") from None


def _refuse_constant(told: str) -> None:
    raise refuse_text(f"it holds {told}, which is no number of points.")


def _refuse_aliases(text: str) -> None:
    """A few lines of YAML can stand for more than any memory holds; no rulebook needs that."""
    if len(text) > MAX_TEXT:
        raise refuse_text(f"it has {len(text):,} characters, {MAX_TEXT:,} at most can be read.")
    try:
        events = list(yaml.parse(text, yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise refuse_text(f"it is not YAML: {error}.") from None
    if any(isinstance(event, yaml.AliasEvent) for event in events):
        raise refuse_text("it uses YAML aliases (*name). Write each part out.")
