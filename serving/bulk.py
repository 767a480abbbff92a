"""Leads as lines of JSON, scored a batch at a time: of any number, in flat memory."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from features.errors import Problem
from models.scorer import Scorer
from serving.bodies import decode
from serving.problems import Trouble, as_json, wrong
from serving.scoring import Asked, Refused, parse, score

BATCH = 256
"""Lines that are scored together; more is hardly faster and waits longer for its first answer."""
_BATCH_BYTES = 4 * 1024 * 1024
_TOO_LONG = b"\x00"
"""Stands for a line that was too long to be kept; no JSON text begins with it."""


@dataclass(frozen=True)
class Lines:
    """A batch of lines, of which the first has this number, from 1."""

    first: int
    lines: Sequence[bytes]


@dataclass(frozen=True)
class Answered:
    """A batch's answers, a line each, and how many leads were scored."""

    text: bytes
    scores: Sequence[int]
    refused: int


async def batches_of(chunks: AsyncIterable[bytes], most: int) -> AsyncIterator[Lines]:
    """Cut a stream into batches of lines. Kept at a time: one batch and what came with it.

    Args:
        chunks: of the text, cut anywhere.
        most: bytes of one line; a longer one is dropped while it is read and told in its place.
    """
    first, lines, size, rest, dropping = 1, [], 0, b"", False
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if dropping and whole:
            whole[0], dropping = _TOO_LONG, False
        if len(rest) > most:
            rest, dropping = b"", True
        elif dropping:
            rest = b""
        for line in whole:
            lines.append(line if len(line) <= most else _TOO_LONG)
            size += len(line)
            if len(lines) == BATCH or size > _BATCH_BYTES:
                yield Lines(first, lines)
                first, lines, size = first + len(lines), [], 0
    if dropping or rest.strip():
        lines.append(_TOO_LONG if dropping else rest)
    if lines:
        yield Lines(first, lines)


def answer_lines(
    scorer: Scorer,
    batch: Lines,
    now: np.datetime64,
    max_activities: int,
    *,
    in_full: bool,
) -> Answered:
    """Score a batch of lines such as `{"lead": {...}, "activities": [...], "as_of": "..."}`.

    Every line has an answer in its place: a score, or what is wrong; an empty line has none.
    """
    told = [(batch.first + i, _read(x)) for i, x in enumerate(batch.lines) if x.strip()]
    return answer_leads(scorer, told, now, max_activities, in_full=in_full)


def answer_leads(
    scorer: Scorer,
    numbered: Sequence[tuple[int, Any]],
    now: np.datetime64,
    max_activities: int,
    *,
    in_full: bool,
) -> Answered:
    """Score what lines hold; each is a value, or the problem that kept it from being read."""
    values = [value for _, value in numbered]
    parsed = [(v,) if isinstance(v, Problem) else parse(v, "", max_activities) for v in values]
    asked = [one for one in parsed if isinstance(one, Asked)]
    found = iter(score(scorer, asked, now, in_full=in_full))
    told: list[dict[str, Any]] = []
    scores: list[int] = []
    for (number, _), one in zip(numbered, parsed, strict=True):
        result = next(found) if isinstance(one, Asked) else Refused(None, one)
        if isinstance(result, Refused):
            errors = [as_json(p) for p in result.problems]
            told.append({"line": number, "lead_id": result.lead_id, "errors": errors})
        else:
            told.append(result)
            scores.append(result["score"])
    text = b"".join(msgspec.json.encode(one) + b"\n" for one in told)
    return Answered(text, scores, len(told) - len(scores))


def _read(line: bytes) -> Any:
    if line == _TOO_LONG:
        return wrong("", "a line", "The line is too long.", "`max_body_bytes` at most")
    try:
        return decode(line)
    except Trouble as trouble:
        return wrong("", "a line", trouble.detail, 'an object such as {"lead": {...}}')
