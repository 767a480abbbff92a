"""The words of a rule in English: tokens, the words that mean something, and when to quote.

A name is written with spaces for its underscores (`job title seniority`) and a text as it is, as
long as both read back as what they were; else they stand in double quotes, as JSON writes them.
Writer (`sentences`) and reader (`reading`) share what is in here, so that they cannot differ.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from features.errors import SentenceRefused

_MARKS = "(),:"
_STARTS = frozenset({"not", "all", "any", "at", "the", "one"})
"""A bare name does not begin with these: they begin something else."""
_ENDS = frozenset({"is", "contains", "and", "or", "through", "within"})
_ENDING_PAIRS = frozenset(
    {("from", "marketing"), ("from", "sales"), ("among", "colleagues"), ("at", "the")}
)
VALUE_STARTS = frozenset({"at", "above", "below", "missing", "not", "one", "yes", "no"})
"""A bare text value does not begin with these: they begin another test."""
_JOINTS = frozenset({"and", "or"})


@dataclass(frozen=True)
class Token:
    """One word, number, quoted text or mark; `at` is its place in the sentence.

    Attributes:
        kind: `end` stands behind the last one.
        text: as written; of a quoted text, what is in the quotes.
    """

    kind: Literal["word", "number", "quoted", "mark", "end"]
    text: str
    at: int

    @property
    def word(self) -> str:
        """The word or mark, casefolded; "" for others, which mean nothing but themselves."""
        return self.text.casefold() if self.kind in ("word", "mark") else ""

    def shown(self) -> str:
        """What was found, for an error."""
        return "the end" if self.kind == "end" else repr(self.text)


def tokens_of(sentence: str) -> list[Token]:
    """The tokens of a sentence, with an `end` behind them.

    Raises:
        SentenceRefused: when a quoted text does not end.
    """
    found: list[Token] = []
    at = 0
    while at < len(sentence):
        if sentence[at].isspace():
            at += 1
        elif sentence[at] == '"':
            text, end = _quoted(sentence, at)
            found.append(Token("quoted", text, at))
            at = end
        elif sentence[at] in _MARKS:
            found.append(Token("mark", sentence[at], at))
            at += 1
        else:
            end = _end_of_word(sentence, at)
            found.append(_word(sentence[at:end], at))
            at = end
    return [*found, Token("end", "", len(sentence))]


def _quoted(sentence: str, at: int) -> tuple[str, int]:
    try:
        text, end = json.JSONDecoder(strict=False).raw_decode(sentence, at)
    except ValueError:
        raise SentenceRefused(
            sentence, at, "a quoted text that does not end", ['a closing "']
        ) from None
    return str(text), end


def _end_of_word(sentence: str, at: int) -> int:
    while at < len(sentence) and not (sentence[at].isspace() or sentence[at] in _MARKS + '"'):
        at += 1
    return at


def _word(text: str, at: int) -> Token:
    digits = text.lstrip("+-\N{MINUS SIGN}")
    numeric = digits[:1].isascii() and digits[:1].isdigit() and "_" not in text
    if numeric and number_of(text) is not None:
        return Token("number", text, at)
    return Token("word", text, at)


def number_of(text: str) -> float | None:
    """The number that a token writes, or None."""
    try:
        return float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return None


def number(value: float) -> str:
    """A number in as few characters as read back equal: `200`, `0.1`, `1e+16`."""
    told = repr(float(value))
    return told.removesuffix(".0")


def quoted(text: str) -> str:
    """A text in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def phrase_ends(tokens: Sequence[Token], i: int) -> bool:
    """Whether a name that reaches up to `tokens[i]` ends before it."""
    token = tokens[i]
    if token.kind in ("end", "mark", "quoted") or token.word in _ENDS:
        return True
    return (token.word, tokens[i + 1].word) in _ENDING_PAIRS


def value_ends(tokens: Sequence[Token], i: int) -> bool:
    """Whether a text value that reaches up to `tokens[i]` ends before it."""
    return tokens[i].kind in ("end", "mark", "quoted") or tokens[i].word in _JOINTS


def name(told: str) -> str:
    """A name as it stands in a sentence: bare where it reads back, else quoted."""
    words = told.split("_")
    bare = all(w.isalnum() for w in words) and words[0][0].isalpha()
    if bare and words[0].casefold() not in _STARTS:
        shown = " ".join(words)
        tokens = tokens_of(shown)
        if not any(phrase_ends(tokens, i) for i in range(len(tokens) - 1)):
            return shown
    return quoted(told)


def value(told: str) -> str:
    """A text value as it stands in a sentence: bare where it reads back, else quoted."""
    words = told.split(" ")
    plain = all(w and all(c.isalnum() or c in "-/.&+" for c in w) for w in words)
    if plain and words[0][0].isalpha() and words[0].casefold() not in VALUE_STARTS:
        tokens = tokens_of(told)
        if not any(value_ends(tokens, i) for i in range(len(tokens) - 1)):
            return told
    return quoted(told)
