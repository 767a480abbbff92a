"""`POST /v1/ingest/{mapping}`: a CRM's own payload, stored as a mapping says."""

from __future__ import annotations

from itertools import islice
from pathlib import Path as Folder
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.access.caller import Caller, NotKnown
from serving.access.permissions import permissions_of_key
from serving.api.common import refusals, write
from serving.bodies import decode, require_json
from serving.guarding import GUARDED, allow, gate_of
from serving.ingest_answers import IngestTold
from serving.ingesting.ends import Eraser
from serving.ingesting.ingest import ingest
from serving.ingesting.signed import require_signature, secrets_of
from serving.ingesting.telling import told_of
from serving.mappings.document import Mapping
from serving.mappings.items import Item
from serving.mappings.library import NAME, mapping_of
from serving.mappings.shapes import MOST_RECORDS
from serving.mappings.signature import Sent, fault
from serving.mappings.translate import translate
from serving.privacy.erasing import erase_lead
from serving.privacy.rules import refused_for
from serving.problems import Trouble, refused, wrong
from serving.record import Record
from serving.state import Worker, worker_of

router = APIRouter(prefix="/v1", tags=["ingest"], responses=refusals(*GUARDED))
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A payload as the CRM sends it.",
        "content": {"application/json": {"schema": {}}},
    }
}


async def _signer(request: Request) -> Caller | None:
    """The CRM that signed a request without a key, if its secret is set here.

    Raises:
        NotKnown: when the signature is missing or does not hold.
    """
    worker, name = worker_of(request), str(request.path_params["mapping"])
    secret = secrets_of(worker.settings.ingest_secrets).get(name)
    if secret is None:
        return None
    mapping = await run_in_threadpool(mapping_of, Folder(worker.settings.workspace), name)
    if mapping is None or mapping.signature is None:
        return None
    sent = await _sent(request)
    why = await run_in_threadpool(fault, mapping.signature, secret, sent, worker.clock())
    if why:
        raise NotKnown(f"There is no API key, and no signature that holds in its place. {why}")
    # The audit log's column holds 40 characters, `crm ` among them.
    return Caller("crm", name[:36], "crm", permissions_of_key("crm"), name)


Writer = Annotated[Caller, Depends(allow("leads.write", proof=_signer))]


@router.post(
    "/ingest/{mapping}",
    summary="Take what a CRM sends",
    responses={
        200: {"model": IngestTold},
        **refusals(
            "not-json", "not-found", "body-too-large", "not-json-type", "input-refused", "not-ready"
        ),
    },
    response_model=None,
    openapi_extra=_BODY,
)
async def take(
    request: Request,
    mapping: Annotated[
        str, Path(pattern=NAME, description="Such as hubspot; `leadpact mapping list` has all.")
    ],
    caller: Writer,
) -> Response:
    """Leads, accounts, activities and outcomes as the mapping reads them. Twice, late and out of
    order are normal: the newest word on each field counts. What is ignored or refused is told
    record by record, and loses no other. Events need `events.write` too, removals `leads.remove`;
    where a person asked the CRM to be forgotten, they are erased as by `/v1/privacy/erase`. Where
    the CRM's secret is set (`ingest_secrets`), what it did not sign is refused: 403; what it signed
    needs no key, and is taken as by a key of the role crm."""
    require_json(request)
    sent, worker = await _sent(request), worker_of(request)
    found = await run_in_threadpool(_mapping, worker, mapping)
    secrets = worker.settings.ingest_secrets
    await run_in_threadpool(require_signature, found, mapping, secrets, sent, worker.clock())
    items = await run_in_threadpool(_items, worker, found, decode(sent.body))
    eraser = _eraser(worker, caller)

    def work(record: Record) -> tuple[int, Any, dict[str, str]]:
        results = ingest(record, items, caller.permissions, eraser)
        return 200, told_of(record, results), {}

    return await write(request, sent.body, work)


async def _sent(request: Request) -> Sent:
    return Sent(request.method, _uri(request), await request.body(), request.headers)


def _mapping(worker: Worker, name: str) -> Mapping:
    found = mapping_of(Folder(worker.settings.workspace), name)
    if found is None:
        raise Trouble("not-found", f"There is no mapping {name!r}; see `leadpact mapping list`.")
    return found


def _uri(request: Request) -> str:
    """The address as the sender knows it: what stands behind a proxy sees another."""
    public = gate_of(request).settings.public_url.rstrip("/")
    path, query = request.scope["raw_path"].decode("ascii"), request.scope["query_string"]
    return f"{public}{path}" + (f"?{query.decode('ascii')}" if query else "")


def _items(worker: Worker, mapping: Mapping, payload: Any) -> list[Item]:
    found = list(islice(translate(mapping, payload, worker.clock()), MOST_RECORDS + 1))
    if len(found) > MOST_RECORDS:
        allowed = f"{MOST_RECORDS:,} records at most; send the others apart"
        raise refused([wrong("", "more", "Too many records for one payload.", allowed)])
    return found


def _eraser(worker: Worker, caller: Caller) -> Eraser:
    time = refused_for(worker.settings.workspace)
    return lambda record, lead_id: erase_lead(record, lead_id, caller.actor, time)
