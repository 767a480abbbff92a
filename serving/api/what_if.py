"""`POST /v1/what-if` and `POST /v1/counterfactual`: questions about one lead; nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from features.errors import Problem
from models.scorer import Scorer
from serving import counterfactual as seeking
from serving import what_if as supposing
from serving.api.common import json_response, refusals
from serving.bodies import json_body
from serving.guarding import GUARDED, allow, caller_of
from serving.problems import refused, wrong
from serving.settings import Settings
from serving.state import Worker, worker_of
from serving.subjects import Known, Whose, sent_lead, stored_lead, whose_of
from serving.what_if_models import CounterfactualTold, WhatIfTold
from serving.what_if_schema import counterfactual_body, what_if_body

_REFUSALS = refusals(
    "not-json",
    "not-found",
    "opted-out",
    "body-too-large",
    "not-json-type",
    "input-refused",
    *GUARDED,
)
_GUARDS = [Depends(allow("score.ask"))]


def routes(settings: Settings) -> APIRouter:
    """The router; its description names the limits that were set."""
    router = APIRouter(prefix="/v1", tags=["scores"])
    most = settings.max_activities
    router.add_api_route(
        "/what-if",
        what_if,
        methods=["POST"],
        response_model=None,
        responses={200: {"model": WhatIfTold}, **_REFUSALS},
        openapi_extra={"requestBody": what_if_body(most)},
        summary="What a lead would score if something were otherwise",
        dependencies=_GUARDS,
    )
    router.add_api_route(
        "/counterfactual",
        counterfactual,
        methods=["POST"],
        response_model=None,
        responses={200: {"model": CounterfactualTold}, **_REFUSALS},
        openapi_extra={"requestBody": counterfactual_body(most)},
        summary="The smallest changes by which a lead reaches a goal",
        dependencies=_GUARDS,
    )
    return router


async def what_if(request: Request) -> Response:
    """Other values of fields, activities that had happened too, criteria with other points: the
    lead before and after, and the lines that moved. Their points add up to the difference."""
    return await _ask(request, supposing.KEYS, supposing.parse_otherwise, supposing.what_if)


async def counterfactual(request: Request) -> Response:
    """Among the fields and activities that are marked as actionable, the sets of at most three
    changes that reach the next grade, a score or the hand-over, fewest changes first."""
    return await _ask(request, seeking.KEYS, seeking.parse_sought, seeking.counterfactual)


Asked = TypeVar("Asked")
Parse = Callable[[Mapping[str, Any], Scorer, np.datetime64], tuple[Asked, list[Problem]]]
Use = Callable[[Scorer, Known, Asked], dict[str, Any]]


async def _ask(
    request: Request, own: Collection[str], parse: Parse[Asked], use: Use[Asked]
) -> Response:
    """One question about one lead: read it, find the lead, answer.

    Args:
        own: the keys of the question besides those that say whose lead it is about.
        parse: from the body, the model and the instant to what is asked, and what is wrong.
        use: the use case.
    """
    worker, told = worker_of(request), await json_body(request)
    if not isinstance(told, dict):
        raise refused([wrong("", told, "An object was expected.", 'such as {"lead": {...}}')])
    most = worker.settings.max_activities
    whose, found = whose_of(told, own, most, worker.clock())
    if whose.stored is not None:
        # The route declares what asking needs; naming a stored lead reads the record besides.
        caller_of(request).require("leads.read")
    asked, faults = parse(told, worker.scorer, whose.as_of)
    problems = [*found, *faults]

    def work() -> dict[str, Any]:
        known = _known(worker, whose, problems)
        if problems:
            raise refused(problems, "The lead")
        return use(worker.scorer, known, asked)

    return json_response(await run_in_threadpool(work))


def _known(worker: Worker, whose: Whose, problems: list[Problem]) -> Known:
    """The lead that is asked about; what is wrong with one that was sent joins `problems`."""
    if whose.sent is not None:
        known, faults = sent_lead(worker.scorer, whose.sent, whose.as_of)
        problems += faults
        return known
    if whose.stored is None or problems:
        raise refused(problems, "The lead")
    with worker.database.reading() as connection:
        return stored_lead(connection, worker.scorer, whose.stored, whose.as_of)
