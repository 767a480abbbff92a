"""English sentences read back as rules: a recursive descent over the tokens of `words`.

::

    rule      = condition [":" points {"," term}]
    condition = part {"and" part} | part {"or" part}
    part      = "not" part | "(" condition ")" | ("all" | "any") "of" "(" condition ")" | test
    test      = "the" ("first" | "last") "activity" [whose] "is" acts [within]
              | amount acts [whose] [within]
              | name "is" value | name "contains" text | acts [whose] [within]
    amount    = "at least" N ("times" | "in value with" | COUNTED "with")
    acts      = ("any activity" | names) ["through" names] ["from" ("marketing" | "sales")]
    names     = name | "one of" name {"," name}
    whose     = "at the account" | "among colleagues"
    within    = "within" N "days"
    value     = "missing" | "not missing" | "one of" scalar {"," scalar} | N "to" N | scalar
              | ("at least" | "at most" | "above" | "below") N
    points    = N "points" ["each time"]
    term      = "at most" N | "half after" N "days" | "gone after" N "days" | "until" DATE

`and` and `or` side by side are refused: parentheses say which was meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from features.rulebook.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Fact,
    First,
    Happened,
    Last,
    Not,
    Scalar,
    Which,
)
from features.rulebook.cursor import Cursor
from features.rulebook.words import VALUE_STARTS, phrase_ends, value_ends

_DEEPEST = 50
"""Parentheses in parentheses; more are refused before Python's own limit is met."""
_COUNTED = ("channels", "kinds", "days", "people")
_COMPARED = {("at", "least"): "at_least", ("at", "most"): "at_most"}
_BOUNDS = ("above", "below")
_DENIED = "missing after not; to deny a whole test, write not (...)"


@dataclass(frozen=True)
class Rule:
    """A rule as read.

    Attributes:
        when: its condition.
        terms: keys of a criterion that the sentence gave, plain values; empty without points.
    """

    when: Condition
    terms: dict[str, Any]


def read_sentence(sentence: str, known_facts: Collection[str] = ()) -> Condition:
    """The condition that a sentence tells: the inverse of `sentences.sentence`.

    Args:
        sentence: in the words of the grammar above; keywords in any case.
        known_facts: facts whose names are no activities, for better errors.

    Raises:
        SentenceRefused: with the place, what was found and what was expected.
    """
    reader = _Reader(sentence, known_facts)
    found = reader.condition()
    reader.end()
    return found


def read_rule(sentence: str, known_facts: Collection[str] = ()) -> Rule:
    """The rule that a sentence tells: the inverse of `sentences.rule_sentence`.

    Raises:
        SentenceRefused: as `read_sentence` does.
    """
    reader = _Reader(sentence, known_facts)
    when = reader.condition()
    terms = reader.terms() if reader.take(":") else {}
    reader.end()
    return Rule(when, terms)


class _Reader(Cursor):
    """Reads rules from one sentence."""

    def __init__(self, sentence: str, known_facts: Collection[str]) -> None:
        super().__init__(sentence)
        self._known = known_facts
        self._depth = 0

    def condition(self) -> Condition:
        """Parts joined by `and`, or by `or`, never by both."""
        parts = [self._part()]
        word = next((w for w in ("and", "or") if self.sees(w)), "")
        while word and self.take(word):
            parts.append(self._part())
        if word and (self.sees("and") or self.sees("or")):
            raise self.refusal(f"{word}, or parentheses around what belongs together")
        if not word:
            return parts[0]
        return AllOf(all=tuple(parts)) if word == "and" else AnyOf(any=tuple(parts))

    def _part(self) -> Condition:
        if self.take("not"):
            return self.made(Not, self.at - 1, **{"not": self._deeper(self._part)})
        if self.sees("all", "of", "(") or self.sees("any", "of", "("):
            every = self.sees("all")
            self.at += 2
            inner = self._in_parentheses()
            return AllOf(all=(inner,)) if every else AnyOf(any=(inner,))
        return self._in_parentheses() if self.sees("(") else self._test()

    def _in_parentheses(self) -> Condition:
        self.need("(")
        found = self._deeper(self.condition)
        if not self.take(")"):
            raise self.refusal("and", "or", ")")
        return found

    def _deeper(self, read: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.refusal(f"at most {_DEEPEST} levels of parentheses")
        found = read()
        self._depth -= 1
        return found

    def _test(self) -> Condition:
        begin = self.at
        if self.take("the"):
            return self._end_test(begin)
        if self.sees("at", "least"):
            return self._happened(begin, **self._amount())
        if self.sees("any", "activity") or self.sees("one", "of"):
            return self._happened(begin)
        name = self._name("a fact, an activity, not or (")
        if self.take("is"):
            return self._fact(begin, name)
        if self.take("contains"):
            return self._contains(begin, name)
        self._not_a_fact(begin)
        return self._happened(begin, kind=name)

    def _not_a_fact(self, begin: int) -> None:
        """Refuse `employees over 200`, which would else be an activity of that name."""
        words = [t.text for t in self.tokens[begin : self.at]]
        numbers = [t.kind == "number" for t in self.tokens[begin : self.at]]
        for count in range(1, len(words)):
            if "_".join(words[:count]) in self._known and any(numbers[count:]):
                self.at = begin + count
                raise self.refusal("is", "contains", "double quotes around an activity's name")

    def _end_test(self, begin: int) -> Condition:
        first = self.sees("first")
        if not (self.take("first") or self.take("last")):
            raise self.refusal("first", "last")
        self.need("activity")
        by = self._whose()
        self.need("is")
        which = self._which()
        within = self._within()
        if first:
            return self.made(First, begin, first=which, by=by, within_days=within)
        return self.made(Last, begin, last=which, by=by, within_days=within)

    def _amount(self) -> dict[str, Any]:
        self.need("at", "least")
        least = self.number()
        if self.take("times") or self.take("time"):
            return {"at_least": least}
        if self.take("in", "value", "with"):
            return {"at_least": least, "counting": "value"}
        for what in _COUNTED:
            if self.take(what, "with"):
                return {"at_least": least, "counting": what}
        raise self.refusal("times", "in value with", *(f"{what} with" for what in _COUNTED))

    def _happened(self, begin: int, kind: str | None = None, **told: Any) -> Condition:
        which = self._which(kind)
        told |= {"activity": which, "by": self._whose(), "within_days": self._within()}
        return self.made(Happened, begin, **told)

    def _which(self, kind: str | None = None) -> Which:
        begin = self.at
        kinds: str | tuple[str, ...] | None = kind
        if kind is None and not self.take("any", "activity"):
            kinds = self._names("any activity or the kind of an activity")
        channels = self._names("a channel") if self.take("through") else None
        team = None
        if self.take("from"):
            team = next((t for t in ("marketing", "sales") if self.take(t)), None)
            if team is None:
                raise self.refusal("marketing", "sales")
        everything = True if kinds is None and channels is None and team is None else None
        return self.made(Which, begin, kind=kinds, channel=channels, team=team, any=everything)

    def _whose(self) -> str | None:
        if self.take("at", "the", "account"):
            return "account"
        return "colleagues" if self.take("among", "colleagues") else None

    def _within(self) -> float | None:
        return self.days() if self.take("within") else None

    def _names(self, what: str) -> str | tuple[str, ...]:
        if not self.take("one", "of"):
            return self._name(what)
        found = [self._name(what)]
        while self.take(","):
            found.append(self._name(what))
        return tuple(found)

    def _name(self, what: str) -> str:
        """A quoted name as it is, or words joined by underscores."""
        quoted = self.quoted()
        if quoted is not None:
            return quoted
        begin = self.at
        while not phrase_ends(self.tokens, self.at):
            self.at += 1
        if self.at == begin:
            raise self.refusal(what)
        return "_".join(t.text for t in self.tokens[begin : self.at])

    def _fact(self, begin: int, name: str) -> Condition:
        return self.made(Fact, begin, field=name, **self._fact_test())

    def _fact_test(self) -> dict[str, Any]:
        if self.take("missing"):
            return {"missing": True}
        if self.take("not", "missing"):
            return {"missing": False}
        if self.take("one", "of"):
            found = [self._scalar()]
            while self.take(","):
                found.append(self._scalar())
            return {"in": found}
        for words, key in (*_COMPARED.items(), *(((w,), w) for w in _BOUNDS)):
            if self.take(*words):
                return {key: self.number()}
        told = self._scalar()
        if isinstance(told, float) and self.take("to"):
            return {"between": (told, self.number())}
        return {"is": told}

    def _contains(self, begin: int, name: str) -> Condition:
        told = self.quoted()
        if told is None:
            raise self.refusal('a text in double quotes, such as "cloud"')
        return self.made(Fact, begin, field=name, contains=told)

    def _scalar(self) -> Scalar:
        quoted = self.quoted()
        if quoted is not None:
            return quoted
        if self.token.kind == "number":
            return self.number()
        if self.sees("yes") or self.sees("no"):
            self.at += 1
            return self.tokens[self.at - 1].word == "yes"
        if self.token.word in VALUE_STARTS:
            raise self.refusal("a value (in double quotes if it begins so)", _DENIED)
        begin = self.at
        while not value_ends(self.tokens, self.at):
            self.at += 1
        if self.at == begin:
            raise self.refusal("a value", "missing", "one of", "at least", "at most")
        return " ".join(t.text for t in self.tokens[begin : self.at])

    def terms(self) -> dict[str, Any]:
        """The points of a criterion and what limits them."""
        told: dict[str, Any] = {"points": self.number()}
        if not (self.take("points") or self.take("point")):
            raise self.refusal("points")
        if self.take("each", "time"):
            told["count"] = "repeat"
        while self.take(","):
            told |= self._term()
        return told

    def _term(self) -> dict[str, Any]:
        if self.take("at", "most"):
            return {"cap": self.number()}
        if self.take("half", "after"):
            return {"decay": {"half_life_days": self.days()}}
        if self.take("gone", "after"):
            return {"decay": {"gone_after_days": self.days()}}
        if self.take("until"):
            try:
                told = date.fromisoformat(self.token.text)
            except ValueError:
                raise self.refusal("a day such as 2026-12-31") from None
            self.at += 1
            return {"valid_until": told}
        raise self.refusal("at most", "half after", "gone after", "until")
