"""Stepping through the tokens of a sentence, and saying what was expected where it went wrong."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from features.errors import SentenceRefused
from features.fields import Document
from features.rulebook.words import Token, number_of, tokens_of

Part = TypeVar("Part", bound=Document)


class Cursor:
    """One sentence and how far it has been read.

    Attributes:
        tokens: of the sentence, with an `end` behind them.
        at: the place of the next one.
    """

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence
        self.tokens = tokens_of(sentence)
        self.at = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def sees(self, *words: str) -> bool:
        """Whether the next tokens are these words."""
        found = self.tokens[self.at : self.at + len(words)]
        return tuple(t.word for t in found) == words

    def take(self, *words: str) -> bool:
        """Step over these words if they come next."""
        seen = self.sees(*words)
        self.at += len(words) if seen else 0
        return seen

    def refusal(self, *expected: str) -> SentenceRefused:
        """The error that the next token is none of what was expected."""
        return SentenceRefused(self._sentence, self.token.at, self.token.shown(), expected)

    def need(self, *words: str) -> None:
        """Step over words that must come next."""
        if not self.take(*words):
            raise self.refusal(" ".join(words))

    def end(self) -> None:
        """The sentence must be over."""
        if self.token.kind != "end":
            raise self.refusal("and", "or", "the end")

    def quoted(self) -> str | None:
        """A quoted text if one comes next."""
        if self.token.kind != "quoted":
            return None
        self.at += 1
        return self.tokens[self.at - 1].text

    def number(self) -> float:
        """A number that must come next."""
        told = number_of(self.token.text) if self.token.kind == "number" else None
        if told is None:
            raise self.refusal("a number")
        self.at += 1
        return told

    def days(self) -> float:
        """So many days."""
        told = self.number()
        if not (self.take("days") or self.take("day")):
            raise self.refusal("days")
        return told

    def made(self, model: type[Part], begin: int, /, **told: Any) -> Part:
        """A part of a rule, of what the sentence gave for it; None stands for not given.

        Raises:
            SentenceRefused: at the token `begin`, with what the part says against its values.
        """
        try:
            return model.model_validate({k: v for k, v in told.items() if v is not None})
        except ValidationError as error:
            why = "; ".join(e["msg"].removeprefix("Value error, ") for e in error.errors())
            found = f"a test that cannot be ({why})"
            at = self.tokens[begin].at
            raise SentenceRefused(self._sentence, at, found, ["one that can"]) from None
