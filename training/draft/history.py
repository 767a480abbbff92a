"""What an export tells of time and of outcomes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import DAY, NO_INSTANT, Floats
from features.columns import created
from features.errors import InputRefused
from features.fields import Fields, Outcome, Timing
from features.frames import read_frame
from training.draft.types import Profile
from training.labels import labels_from_field
from training.words import names_a_creation, names_an_id

if TYPE_CHECKING:
    import pandas as pd

_CONVERTED = frozenset(
    """1 yes true y t won converted closed-won closed_won success successful sold customer
    win purchased""".split()  # noqa: SIM905  # reads better than a quoted set
) | {"closed won", "closed - won", "1 - won"}
_OPEN = re.compile(
    r"^(open|new|pending|working|contacted|assigned|nurtur\w*|potential|long term|follow(ing)? up|"
    r"in (progress|process|handling)\b.*|qualif(ied|ying)|negotiation|proposal.*)$"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YOUNG_DAYS = 60.0
"""Age under which a lead is drafted as open, where leads have dates."""


def outcome_of(p: Profile, name: str, notes: list[str]) -> Outcome:
    """How a conversion is told from its column.

    Raises:
        InputRefused: when it has many values and none that reads like a conversion.
    """
    if not p.levels:
        raise InputRefused(f"The column {p.column!r} (--converted) is empty in every row.")
    yes = tuple(v for v in p.levels if v.casefold() in _CONVERTED)
    distinct = {v.casefold() for v in p.levels}
    if not yes and len(distinct) == 1:
        return Outcome(field=name)
    if not yes and len(distinct) > 2:
        told = ", ".join(p.levels[:8])
        raise InputRefused(
            f"None of the values of {p.column!r} reads like a conversion: {told}. Name the column "
            "that tells it, or write 1 or `won` where a lead converted."
        )
    if not yes:
        yes = (p.levels[-1],)
        notes.append(
            f"{p.column}: {yes[0]!r}, the rarer of its two values, was taken as the conversion."
        )
    still = [v for v in p.levels if len(distinct) > 2 and _OPEN.fullmatch(_bare(v))]
    if still:
        notes.append(
            f"{p.column}: leads that stand at {', '.join(map(repr, still))} were taken as still "
            "being handled, so they are no negatives. Check `outcome.open`."
        )
    return Outcome(field=name, converted=_once(yes), open=_once(still))


def _bare(value: str) -> str:
    return re.sub(r"[\s_-]+", " ", value.casefold()).strip()


def _once(values: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for value in values:
        first.setdefault(value.casefold(), value)
    return tuple(first.values())


def timing_of(
    profiles: list[Profile],
    frame: pd.DataFrame,
    names: dict[str, str],
    as_of: str | None,
    lead: str | None,
    converted: str,
    notes: list[str],
) -> tuple[Timing, bool]:
    """When leads are looked at, or at least their order; and whether they have dates.

    Raises:
        InputRefused: when the `as_of` column holds no dates.
    """
    found = as_of or _creation(profiles)
    if found is not None:
        p = next(p for p in profiles if p.column == found)
        if p.type != "instant":
            raise InputRefused(
                f"The column {found!r} (--as-of) holds no dates that can be read, such as "
                f"{p.levels[0]!r}."
                if p.levels
                else f"The column {found!r} (--as-of) is empty."
            )
        if as_of is None:
            notes.append(
                f"{found} reads like the instant a lead came in: leads are looked at as of then. "
                "Say --as-of COLUMN if it is another."
            )
        _say_ambiguous(p, notes)
        return Timing(as_of=names[found]), True
    others = [p for p in profiles if p.column != converted]
    for p in others:
        if p.is_unique and names_an_id(p.words) and _is_sequence(p, frame):
            notes.append(
                f"There are no dates, but {p.column} counts along the file: it was taken as the "
                "order in which leads came (timing.order), so that models are tested on the newest."
            )
            return Timing(order=names[p.column]), False
    month = next((p for p in others if _runs_through_the_year(p, frame)), None)
    if month is not None:
        notes.append(
            f"There are no dates, but {month.column} runs forward along the file: the order of the "
            "rows was taken as the order in which leads came (timing.order: file)."
        )
        return Timing(order="file"), False
    _say_timeless(profiles, lead, notes)
    return Timing(), False


def _creation(profiles: list[Profile]) -> str | None:
    dated = [p for p in profiles if p.type == "instant" and p.given >= 0.99 * p.n]
    return next((p.column for p in dated if names_a_creation(p.words)), None)


def _say_ambiguous(p: Profile, notes: list[str]) -> None:
    if not p.format.startswith(("%d-%m", "%d/%m", "%d.%m")):
        return
    if all(int(level[3:5]) <= 12 and int(level[:2]) <= 12 for level in p.levels):
        notes.append(f"{p.column} could be day or month first; {p.format!r} was drafted. Check it.")


def _say_timeless(profiles: list[Profile], lead: str | None, notes: list[str]) -> None:
    dates = [p.column for p in profiles if p.type == "instant" and p.column != lead]
    hint = f" {', '.join(dates)} hold dates: name one with --as-of." if dates else ""
    notes.append(
        "Nothing tells the order in which leads came, so models are tested on leads drawn at "
        f"random, which flatters them.{hint}"
    )


def _is_sequence(p: Profile, frame: pd.DataFrame) -> bool:
    """Whether whole numbers grow, or fall, along the file with next to no exception."""
    if p.n < 50:
        return False
    import pandas as pd

    x: Floats = pd.to_numeric(frame[p.column], errors="coerce").to_numpy(dtype=np.float64)
    if np.isnan(x).any() or (x % 1 != 0).any():
        return False
    rank = np.argsort(np.argsort(x, kind="stable"), kind="stable").astype(np.float64)
    along = np.arange(p.n, dtype=np.float64)
    return bool(abs(np.corrcoef(rank, along)[0, 1]) >= 0.999)


def _runs_through_the_year(p: Profile, frame: pd.DataFrame) -> bool:
    months = {level: _month(level) for level in p.levels}
    if len(months) < 3 or p.given < p.n or None in months.values():
        return False
    row = np.array([months[v] for v in frame[p.column].astype(str).str.strip()], dtype=np.int64)
    steps = np.diff(row)
    steps = steps[steps != 0] % 12
    return len(steps) <= p.n / 50 and bool(np.mean(steps <= 6) >= 0.9)


def _month(level: str) -> int | None:
    bare = level.casefold()[:3]
    return _MONTHS.index(bare) if bare in _MONTHS and level.isalpha() else None


def known_outcomes(fields: Fields, frame: pd.DataFrame) -> Floats:
    """1 converted, 0 not, NaN not to be judged (still open, or too young). Shape (n,)."""
    assert fields.outcome.field is not None
    wanted = [fields[fields.outcome.field]]
    if fields.timing.as_of:
        wanted.append(fields[fields.timing.as_of])
    columns = read_frame(frame, tuple(wanted)).columns
    at = created(columns, fields)
    dated = at[~np.isnat(at)]
    until = dated.max() if len(dated) else NO_INSTANT
    labels = labels_from_field(columns[fields.outcome.field], at, until, fields)
    return np.where(labels.teaches, labels.y, np.nan)


def young_after(fields: Fields, frame: pd.DataFrame, notes: list[str]) -> Fields:
    """The same fields, young leads drafted as open where the export spans enough time for it."""
    assert fields.timing.as_of is not None
    columns = read_frame(frame, (fields[fields.timing.as_of],)).columns
    at = created(columns, fields)
    at = at[~np.isnat(at)]
    if not len(at) or (at.max() - at.min()) / DAY < 3 * _YOUNG_DAYS:
        return fields
    notes.append(
        f"A lead younger than {_YOUNG_DAYS:g} days at the export was drafted as still open "
        "(outcome.matures_after_days), so that young leads are not taken for lost ones. Set it to "
        "the time in which most of your conversions come."
    )
    outcome = fields.outcome.model_copy(update={"matures_after_days": _YOUNG_DAYS})
    return fields.model_copy(update={"outcome": outcome})
