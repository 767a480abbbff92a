"""The one table of who may do what. It drives the routes, `docs/permissions.md` and the tests."""

from __future__ import annotations

from dataclasses import dataclass

ROLES = {
    "crm": "A system that sends leads and reads scores; held by API keys.",
    "marketing": "Brings leads; signs the rulebook for marketing.",
    "sales": "Works leads; signs the rulebook for sales.",
    "management": "Sets the scope of the agreement and watches what comes of it.",
    "data_science": "Trains models and looks after their quality.",
    "admin": "Looks after people, keys and privacy; signs nothing.",
}
"""Role -> what it is for."""

_ALL = frozenset(ROLES)
_ADMIN = frozenset({"admin"})
_TEAMS = frozenset({"marketing", "sales"})


@dataclass(frozen=True)
class Permission:
    """What may be done, and by whom.

    Attributes:
        says: one sentence for people.
        roles: who has it.
        people_only: no API key ever has it: a signature is a person's.
    """

    says: str
    roles: frozenset[str]
    people_only: bool = False


PERMISSIONS = {
    "score.ask": Permission("Score a lead without keeping it.", _ALL),
    "leads.read": Permission("Read leads, accounts, scores and their reasons.", _ALL),
    "leads.write": Permission("Write and change leads.", frozenset({"crm", "marketing", "sales"})),
    "leads.remove": Permission(
        "Remove a lead with all that is known of it.", frozenset({"crm", "admin"})
    ),
    "events.write": Permission(
        "Report activities and outcomes.", frozenset({"crm", "marketing", "sales"})
    ),
    "consent.write": Permission(
        "Say what a lead's person allows: to be scored, to teach a model.",
        frozenset({"crm", "marketing", "sales", "admin"}),
    ),
    "feedback.write": Permission("Return a lead, dispute a reason.", _TEAMS),
    "model.read": Permission("Read which model answers and how it was tested.", _ALL),
    "model.promote": Permission(
        "Make a trained model the one that answers.", frozenset({"data_science"})
    ),
    "rulebook.propose": Permission(
        "Propose a change of the rulebook and replay it.",
        frozenset({"marketing", "sales", "management", "data_science"}),
    ),
    "rulebook.sign": Permission("Sign an edition for one's team.", _TEAMS, people_only=True),
    "rulebook.scope": Permission("Say which team owns which criteria.", frozenset({"management"})),
    "jobs.run": Permission(
        "Start a training, an export or a sweep.", frozenset({"data_science", "admin"})
    ),
    "webhooks.manage": Permission(
        "Say which systems are told what happens, and send again what did not arrive.", _ADMIN
    ),
    "figures.read": Permission(
        "Read the service's own figures.", frozenset({"management", "data_science", "admin"})
    ),
    "privacy.serve": Permission("Export or erase what is known of a person.", _ADMIN),
    "keys.manage": Permission("Make, rotate and revoke API keys.", _ADMIN),
    "people.manage": Permission("Add people, change roles, disable accounts.", _ADMIN),
    "audit.read": Permission(
        "Read the audit log and check that it is whole.", frozenset({"management", "admin"})
    ),
    "own.views": Permission("Keep views of the worklist for oneself.", _ALL, people_only=True),
    "own.account": Permission("See who one is, and sign out.", _ALL),
}
"""Name -> permission."""

PUBLIC = {
    "/healthz": "A supervisor asks before anybody has a key.",
    "/readyz": "A load balancer asks before anybody has a key.",
    "/docs": "How to call the service; no data.",
    "/docs/oauth2-redirect": "A part of /docs.",
    "/openapi.json": "What /docs shows.",
    "/static": "Style sheets and icons.",
    "/static-offline-docs": "The scripts of /docs.",
    "/sign-in": "Where a person becomes known.",
    "/sign-in/provider": "Where a person is sent to the organisation's own sign-in.",
    "/sign-in/provider/return": "Where that sign-in sends a person back.",
    "/link/{token}": "The link in it is the proof: for the first admin, and for people added.",
}
"""Address -> why anybody may ask for it."""


def permissions_of(role: str) -> frozenset[str]:
    """The permissions of a person with a role; none for an unknown one."""
    return frozenset(name for name, p in PERMISSIONS.items() if role in p.roles)


def permissions_of_key(role: str) -> frozenset[str]:
    """The permissions that an API key with a role can have at most."""
    return frozenset(n for n in permissions_of(role) if not PERMISSIONS[n].people_only)


def as_markdown() -> str:
    """The table as `docs/permissions.md`."""
    names = list(ROLES)
    lines = [
        "# Who may do what",
        "",
        "Made by `leadpact access permissions` from `serving/access/permissions.py`.",
        "",
        f"| permission | what | {' | '.join(names)} |",
        f"|---|---|{':-:|' * len(names)}",
    ]
    for name, told in PERMISSIONS.items():
        marks = " | ".join("yes" if role in told.roles else "" for role in names)
        says = told.says + (" People only, no key." if told.people_only else "")
        lines.append(f"| `{name}` | {says} | {marks} |")
    lines += ["", "## Roles", ""]
    lines += [f"- **{name}**: {says}" for name, says in ROLES.items()]
    lines += ["", "An API key has a role too, and may be narrowed to some of its permissions."]
    lines += ["What a CRM signed (`docs/mappings.md`) is taken as by a key of the role crm."]
    lines += ["", "## Without a key and without signing in", ""]
    lines += [f"- `{path}`: {why}" for path, why in PUBLIC.items()]
    return "\n".join(lines) + "\n"
