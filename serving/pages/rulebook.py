"""`/rulebook`: what both teams signed, what happened since, and what they would have otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from features.errors import InputRefused
from features.rulebook.cases import run_cases
from features.rulebook.diff import diff
from serving.access.caller import Caller, NoSuch
from serving.editions import Edition, find_edition, in_force, read_edition
from serving.guarding import allow, form_of
from serving.pact.asking import evidence_of
from serving.pact.scope import scope_of
from serving.pact.telling import PactReading
from serving.pact.wishing import Wished, comment, wish
from serving.pages import frame
from serving.pages.evidence import chart
from serving.pages.names import names_of
from serving.pages.store import reading, writing
from serving.state import Worker
from serving.storage.pact import EditionStore, PactWishStore
from serving.storage.pact_tables import MAX_CRITERION
from serving.storage.tables import MAX_ID

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_WISHES, MOST_EDITIONS, MOST_TEXT = 12, 12, 4000
"""Newest ones of the page, which has a weight to keep to; the API has all."""
router = APIRouter(include_in_schema=False)
READER = Depends(allow("model.read", page=True))
Wisher = Annotated[Caller, Depends(allow("rulebook.propose", page=True))]
WishId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]


@router.get("/rulebook", dependencies=[READER])
async def show_rulebook(request: Request) -> Response:
    """The edition in force beside what history says of it."""
    return frame.show(request, "rulebook.html", await reading(request, _context))


def _context(connection: Connection, worker: Worker) -> dict[str, Any]:
    scorer, now = worker.scorer, worker.clock()
    edition = in_force(connection, now)
    if edition is None:
        raise NoSuch("The store holds no edition yet. `leadpact rulebook import` begins it.")
    pact, book = PactReading(connection, now, evidence_of(scorer)), edition.rulebook
    names, scope = names_of(connection), scope_of(connection)
    cases = run_cases(book, scorer.fields)
    wishes = [
        w | {"text": row.text, "by": names(row.created_by)}
        for row in PactWishStore(connection).latest(MOST_WISHES)
        for w in [pact.wish(row)]
    ]
    return {
        "edition": pact.edition(edition),
        "book": book,
        "chart": chart(book, evidence_of(scorer)),
        "stated": scorer.ladder.stated.says(book.horizon_days),
        "fitted": scorer.ladder.scale.says(book.horizon_days),
        "cases": cases,
        "hold": sum(case.holds for case in cases),
        "wishes": wishes,
        "history": history(connection, MOST_EDITIONS),
        "proposals": pact.proposals(MOST_WISHES)["proposals"],
        "names": names,
        "scope": scope,
        "card": scorer.card,
        "criteria": [(c.id, c.says) for c in book.criteria],
    }


def history(connection: Connection, most: int, until: int | None = None) -> list[dict[str, Any]]:
    """The editions agreed last, newest first, each with what it changed in the one before in words.

    Args:
        most: how many are told; no more are read than these and the one before them.
        until: the place (`seq`) of the newest that is told; None for the newest there is.
    """
    rows = EditionStore(connection).newest(most + 1, until)[::-1]
    told: list[dict[str, Any]] = []
    before: Edition | None = None
    for row in rows:
        edition = read_edition(row)
        changes = [] if before is None else diff(before.rulebook, edition.rulebook)
        says = [c.says for c in changes if c.key != "edition"]
        told.append({"row": row, "edition": edition, "says": says})
        before = edition
    return told[::-1][:most]


@router.get("/rulebook/editions/{edition}", dependencies=[READER])
async def show_edition(
    request: Request, edition: Annotated[str, Path(pattern="^[0-9A-Za-z._-]{1,64}$")]
) -> Response:
    """One edition: its rules as sentences, what it changed, its text, and who signed it."""

    def ask(connection: Connection, worker: Worker) -> dict[str, Any]:
        found = find_edition(connection, edition)
        told = PactReading(connection, worker.clock()).edition(found)
        row = EditionStore(connection).find(found.sha256)
        [changed] = history(connection, 1, None if row is None else row.seq)
        return {"edition": told, "says": changed["says"], "names": names_of(connection)}

    return frame.show(request, "edition.html", await reading(request, ask))


@router.post("/rulebook/wishes")
async def make_wish(request: Request, caller: Wisher) -> Response:
    """A wish from the form; back to the wishes."""
    typed = await form_of(request)
    title, text = typed.get("title", "").strip(), typed.get("text", "").strip()
    criterion = typed.get("criterion", "").strip() or None
    problem = _wrong(title, text, criterion)
    if problem:
        context = await reading(request, _context)
        return frame.show(
            request, "rulebook.html", context | {"typed": typed, "problem": problem}, 422
        )

    def use(connection: Connection, worker: Worker) -> str:
        return wish(connection, caller, Wished(title, text, criterion), worker.clock())

    await writing(request, use)
    return Response(None, 303, {"location": "/rulebook#wishes"})


def _wrong(title: str, text: str, criterion: str | None) -> str:
    """What is wrong with a wish, in words; "" for nothing."""
    if not title:
        return "A wish needs a title, such as: webinars should count more."
    if len(title) > MAX_ID or len(text) > MOST_TEXT or len(criterion or "") > MAX_CRITERION:
        return f"A title has {MAX_ID} characters at most, a text {MOST_TEXT:,}."
    return "A text cannot hold the character NUL." if "\x00" in title + text else ""


@router.get("/wishes/{wish_id}", dependencies=[READER])
async def show_wish(request: Request, wish_id: WishId) -> Response:
    """One wish, what it points to, and what was said of it."""

    def ask(connection: Connection, worker: Worker) -> dict[str, Any]:
        row = PactWishStore(connection).find(wish_id)
        if row is None:
            raise NoSuch(f"There is no wish {wish_id}.")
        told = PactReading(connection, worker.clock()).wish(row)
        return {"wish": told, "names": names_of(connection)}

    return frame.show(request, "wish.html", await reading(request, ask))


@router.post("/wishes/{wish_id}")
async def comment_on_wish(request: Request, wish_id: WishId, caller: Wisher) -> Response:
    """A comment from the form; back to the wish."""
    text = said_in(await form_of(request))

    def use(connection: Connection, worker: Worker) -> None:
        comment(connection, caller, wish_id, text, worker.clock())

    await writing(request, use)
    return Response(None, 303, {"location": f"/wishes/{wish_id}#said"})


def said_in(typed: dict[str, str]) -> str:
    """The text of a comment.

    Raises:
        InputRefused: when there is none, or it is too long.
    """
    text = typed.get("text", "").strip()
    if not text or len(text) > MOST_TEXT or "\x00" in text:
        raise InputRefused(f"A comment has 1 to {MOST_TEXT:,} characters.")
    return text
