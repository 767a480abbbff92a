"""What a column's name tells: words, a field name, a label, a unit, an owner, a role."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from features.fields import Team

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_ACTIVITY = re.compile(
    r"\b(visits?|views?|clicks?|clicked|opens|opened|sessions?|downloads?|replies|attended|"
    r"time spent|time on|page views|contacts|campaign|previous|pdays|touches|interactions|"
    r"e?mails? (sent|received|opened)|calls|webinars?|events?|meetings?|logins?|submissions)\b"
)
_MARKETING = re.compile(
    r"\b(source|origin|campaigns?|channel|utm|medium|referr(al|er)|newsletter|search|ads?|"
    r"advert\w*|hear|heard|landing|page|website|newspaper|magazine|forums?|updates?|e?mail|"
    r"class|contact|interest|product|content|poutcome|previous|recommendations?|copy)\b"
)
_SALES = re.compile(
    r"\b(company|industry|sector|employees|headcount|revenue|turnover|size|job|title|position|"
    r"designation|occupation|profession|seniority|department|budget|balance|specialization|"
    r"education|location|region|territory)\b"
)
_TIMING = re.compile(r"\b(months?|day of week|weekday|day|hour|quarter|season|week)\b")
_UNITS = (
    (r"\b(secs?|seconds)\b", "seconds"),
    (r"\bduration\b", "seconds"),
    (r"\b(mins?|minutes)\b", "minutes"),
    (r"\bhours\b", "hours"),
    (r"\b(p?days)\b", "days"),
    (r"\bage\b", "years"),
    (r"\b(employees|headcount|staff)\b", "people"),
    (r"\bpage views\b|\bviews\b", "views"),
    (r"\bvisits?\b", "visits"),
    (r"\bclicks?\b", "clicks"),
    (r"\bopens\b", "opens"),
    (r"\b(percent|pct)\b", "%"),
    (r"\b(eur|euros?)\b", "EUR"),
    (r"\b(usd|dollars?)\b", "USD"),
    (r"\bscore\b", "points"),
)
_ID = {"id", "ids", "number", "no", "nr", "num", "key", "uuid", "guid", "ref", "identifier"}


def words_of(column: str) -> str:
    """A column's name as lower-case words: `TotalVisits` as "total visits"."""
    apart = _CAMEL.sub(" ", column)
    return " ".join(re.findall(r"[^\W_]+", apart.casefold()))


def field_names(columns: Iterable[str]) -> list[str]:
    """A field name for each column, in order: snake case, ASCII, no two the same."""
    names: list[str] = []
    for position, column in enumerate(columns, start=1):
        flat = unicodedata.normalize("NFKD", words_of(column).replace("ß", "ss"))
        bare = re.sub(r"[^a-z0-9]+", "_", flat.encode("ascii", "ignore").decode()).strip("_")
        bare = bare or f"column_{position}"
        bare = (f"f_{bare}" if bare[0].isdigit() else bare)[:60].rstrip("_")
        name, again = bare, 2
        while name in names:
            name, again = f"{bare[:57]}_{again}", again + 1
        names.append(name)
    return names


def label_of(column: str) -> str:
    """A label for people; "" where the column's name already reads well."""
    if " " in column.strip() and column == column.strip():
        return ""
    words = [w if w.isupper() and len(w) > 1 else w.lower() for w in _split(column)]
    label = " ".join(words)
    label = label[:1].upper() + label[1:]
    return "" if label == column else label


def _split(column: str) -> list[str]:
    return re.findall(r"[^\W_]+", _CAMEL.sub(" ", column))


def unit_of(words: str) -> str:
    """The unit that a number's name tells, or ""."""
    return next((unit for pattern, unit in _UNITS if re.search(pattern, words)), "")


def sums_up_behaviour(words: str) -> bool:
    """Whether a number of that name counts what the lead did."""
    return bool(_ACTIVITY.search(words))


def happened_before(words: str) -> bool:
    """Whether the name speaks of an earlier round, so that nothing is added to it any more."""
    return bool(re.search(r"\b(previous|prior|past|earlier|pdays)\b", words))


def tells_time(words: str) -> bool:
    """Whether the name speaks of the calendar."""
    return bool(_TIMING.search(words))


def owner_of(words: str, activity: bool) -> Team:
    """Whose fact it is: marketing's (sources, engagement), sales' (company, person), or joint."""
    if activity or _MARKETING.search(words):
        return "marketing"
    return "sales" if _SALES.search(words) else "joint"


def names_an_id(words: str) -> bool:
    """Whether the name is that of an identifier."""
    last = words.split()[-1:] or [""]
    return bool(_ID & set(words.split())) or last[0] in ("leadid", "customerid", "recordid")


def names_a_code(words: str) -> bool:
    """Whether the numbers under that name are names of things, not amounts."""
    return bool({"id", "code", "zip", "zipcode", "postcode", "postal", "plz"} & set(words.split()))


def names_an_account(words: str) -> bool:
    """Whether the name is that of an account or company id."""
    of = r"(account|company|organi[sz]ation)"
    return bool(re.fullmatch(rf"(crm )?{of} (id|key|number|no)", words))


def names_a_job_title(words: str) -> bool:
    """Whether the name is that of a job title."""
    return bool(re.search(r"\b(job ?title|title|position|designation|job role)\b", words))


def names_a_creation(words: str) -> bool:
    """Whether the name is that of the instant a lead came in."""
    made = r"(created?|creation|received|inquired|enquired|registered|signed up|signup)"
    return bool(re.fullmatch(rf"(lead )?{made}( (at|on|date|time|datetime|timestamp))*", words))
