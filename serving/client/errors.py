"""Why a call failed, as exceptions that carry what the service said."""

from __future__ import annotations

import httpx2
from pydantic import ValidationError

from serving.answers import ProblemTold

_PREFIX = "urn:leadpact:problem:"
_SHOWN = 200
"""Characters of an answer that is no problem document, such as a proxy's."""


class Unreachable(Exception):
    """No answer of the service came; of a write it is not known whether it was done."""


class ApiProblem(Exception):
    """The service refused.

    Attributes:
        status: of the answer.
        problem: the problem document (RFC 9457): what, where, why and what now.
    """

    def __init__(self, status: int, problem: ProblemTold) -> None:
        super().__init__(f"{status} {problem.title}: {problem.detail}")
        self.status, self.problem = status, problem

    @property
    def kind(self) -> str:
        """The problem's type in short, such as `input-refused`."""
        return self.problem.type.removeprefix(_PREFIX)


class InputRefused(ApiProblem):
    """What was sent cannot be taken; `problem.errors` says where, why and what is allowed."""


class Unauthenticated(ApiProblem):
    """The key is none, or none that is good."""


class Forbidden(ApiProblem):
    """The key may not do this."""


class NotFound(ApiProblem):
    """There is nothing of that name."""


class Conflict(ApiProblem):
    """It contradicts what is there."""


class PreconditionFailed(ApiProblem):
    """The lead has changed since it was read: read it again, then write."""


class Busy(ApiProblem):
    """The service lets no more through, or is not ready, and did not get so while it was asked."""


_KINDS: dict[int, type[ApiProblem]] = {
    400: InputRefused,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    413: InputRefused,
    415: InputRefused,
    422: InputRefused,
    429: Busy,
    503: Busy,
}


def problem_of(answer: httpx2.Response) -> ApiProblem:
    """The exception for an answer that is a refusal."""
    kind = _KINDS.get(answer.status_code, ApiProblem)
    try:
        told = ProblemTold.model_validate_json(answer.content, extra="ignore")
    except ValidationError:
        # Not ours: a proxy between us answered.
        told = ProblemTold(
            type="about:blank",
            title=answer.reason_phrase,
            status=answer.status_code,
            detail=answer.text[:_SHOWN],
            instance=str(answer.url),
        )
    return kind(answer.status_code, told)
