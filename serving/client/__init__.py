"""A typed client of the service, for a CRM or a script.

    with LeadpactClient("https://leads.example", key) as leadpact:
        lead = leadpact.put_lead("4711", {"employees": 640, "industry": "logistics"})
        print(lead.score.score, lead.score.says)

It needs httpx2 and pydantic, and of the house nothing but the models of the answers. Answers may
gain keys; a client that does not know them leaves them out.
"""

from serving.client.client import LeadpactClient
from serving.client.errors import (
    ApiProblem,
    Busy,
    Conflict,
    Forbidden,
    InputRefused,
    NotFound,
    PreconditionFailed,
    Unauthenticated,
    Unreachable,
)
from serving.client.leads import KEEP

__all__ = [
    "KEEP",
    "ApiProblem",
    "Busy",
    "Conflict",
    "Forbidden",
    "InputRefused",
    "LeadpactClient",
    "NotFound",
    "PreconditionFailed",
    "Unauthenticated",
    "Unreachable",
]
