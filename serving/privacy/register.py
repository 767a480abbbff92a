"""Which tables hold what of leads' persons. A new table must be entered here: a test asks."""

from __future__ import annotations

ERASED = {
    "leads": "removed with the lead",
    "lead_versions": "removed with the lead",
    "lead_addresses": "removed with the lead",
    "activities": "removed with the lead, or by an address in an id",
    "outcomes": "removed with the lead, or by an address in an id",
    "scores": "removed with the lead; colleagues' scores hold numbers alone",
    "feedback": "removed with the lead",
    "handoffs": "removed with the lead",
    "disputes": "removed with the lead",
    "pact_evidence": "removed with the lead; the wish that pointed to it stays",
    "idempotency": "answers that name a lead or an event of the person, or quote what was refused",
    "crm_facts": "what a CRM told of a lead is removed with it; of accounts no persons are told",
    "outbox": "what was to be told of a lead is removed with the lead",
}
"""Table -> how an erasure empties it of a person."""

KEPT = {
    "wishes": "hashes of the address and of leads' ids, so that an erasure is remembered",
    "training_exports": "names of folders; the copies themselves are cut",
    "audit": "who did what, ids of ours and counts",
    "audit_head": "the audit log's length and last hash",
    "people": "our own users, looked after by admins",
    "api_keys": "keys of systems",
    "sessions": "our own users",
    "links": "our own users",
    "sign_in_tries": "hashes of our own users' accounts and networks",
    "editions": "rulebooks",
    "proposals": "rulebooks, and figures that name nobody",
    "signatures": "our own users",
    "scopes": "what management declared",
    "pact_wishes": "what our own users would have otherwise; leads are named in `pact_evidence`",
    "pact_comments": "what our own users said of wishes and proposals",
    "ground_reports": "what our own users said of accounts and criteria, addresses cut",
    "saved_views": "filters that our own users keep, without what they searched for",
    "provider_visits": "our own users on their way to sign in",
    "crm_ids": "hashes of ids; what stood for an erased lead stands for nothing any more",
    "leases": "names of our own processes",
    "marks": "names of models, editions and feeds",
    "webhooks": "addresses of systems; their secrets stand nowhere",
    "jobs": "what was asked for and counts; files of jobs are removed after `job_days`",
    "job_lines": "counts and names of columns, never values",
}
"""Table -> why an erasure leaves it alone."""
