"""Checks of one rule by itself: values that cannot be, contradictions, pieces that do nothing."""

from __future__ import annotations

from collections.abc import Iterator

from features.fields import Fields
from features.rulebook.check import unusable
from features.rulebook.conditions import AllOf, AnyOf, Condition, Fact, walk
from features.rulebook.criteria import Disqualifier
from features.rulebook.domains import Domain, Numbers, Texts, numbers, passing
from features.rulebook.finding import Finding, Part, named
from features.rulebook.logic import Logic
from features.rulebook.sentences import sentence


def faults(part: Part, fields: Fields) -> Iterator[Finding]:
    """What makes the part unusable with these fields."""
    for told in unusable(named(part), part.when, fields):
        now = "Correct the rule, or declare the field."
        yield Finding(part.id, "unusable", "error", told, "It cannot be evaluated.", now)


def impossible_values(part: Part, known: dict[str, Domain]) -> Iterator[Finding]:
    """Every value asked for that the fact can never have."""
    for leaf in walk(part.when):
        if not isinstance(leaf, Fact):
            continue
        domain = known[leaf.field]
        for value in leaf.wanted:
            one = leaf.model_copy(update={"is_": value, "in_": None})
            left = passing(one, isinstance(domain.values, Numbers)).both(domain)
            if left.empty:
                yield Finding(
                    part.id,
                    "impossible value",
                    "error",
                    f"{named(part)} asks whether {sentence(one)}, which it never is.",
                    _possible(domain),
                    "Correct the value, or declare it in fields.yaml.",
                )


def _possible(domain: Domain) -> str:
    values = domain.values
    if isinstance(values, Texts) and not values.but:
        return f"It is one of {', '.join(sorted(values.names))}."
    if isinstance(values, Texts):
        return f"Such a value means that it is missing: {', '.join(sorted(values.names))}."
    return "It is yes or no." if values == numbers((0.0, 1.0)) else ""


def alone(part: Part, logic: Logic) -> Iterator[Finding]:
    """Whether the part applies to nobody, to everybody, or has pieces that do nothing."""
    never, always = logic.never(part.when), logic.always(part.when)
    if never:
        yield Finding(
            part.id,
            "contradiction",
            "error",
            f"{named(part)} can never apply: {sentence(part.when)}.",
            "Its parts contradict each other, or ask for values that the field cannot have.",
            "Correct it, or leave it out.",
        )
    elif always:
        barred = isinstance(part, Disqualifier)
        yield Finding(
            part.id,
            "always",
            "error" if barred else "warning",
            f"{named(part)} applies to every lead: {sentence(part.when)}.",
            "No lead is ever handed over." if barred else "It tells no lead from another.",
            "Correct it." if barred else "Correct it, or put its points into base_points.",
        )
    elif never is None or always is None:
        yield Finding(
            part.id,
            "not decided",
            "warning",
            f"Whether {named(part).lower()} can apply was not decided.",
            "It has too many alternatives to follow them all.",
            "Write several simpler rules, if you can.",
        )
    else:
        yield from _dead_ends(part, logic)


def _dead_ends(part: Part, logic: Logic) -> Iterator[Finding]:
    dead = [piece for piece, narrowed in alternatives(part.when) if logic.never(narrowed)]
    for piece in dead:
        yield Finding(
            part.id,
            "unreachable",
            "warning",
            f"In {named(part).lower()} the alternative ({sentence(piece)}) can never hold.",
            "It contradicts itself or what stands beside it.",
            "Correct it, or leave it out.",
        )
    for piece, rest in idle(part.when, logic):
        if piece not in dead:
            yield Finding(
                part.id,
                "overlap",
                "warning",
                f"In {named(part).lower()} the part ({sentence(piece)}) changes nothing.",
                f"The rest says as much: {sentence(rest)}.",
                "Leave it out, or correct it.",
            )


def alternatives(condition: Condition) -> Iterator[tuple[Condition, Condition]]:
    """Every alternative of an `any` that is not denied, with the condition narrowed to it."""
    if isinstance(condition, AnyOf) and len(condition.any) > 1:
        for part in condition.any:
            yield part, part
            yield from alternatives(part)
    elif isinstance(condition, AllOf):
        for i, part in enumerate(condition.all):
            for piece, narrowed in alternatives(part):
                parts = (*condition.all[:i], narrowed, *condition.all[i + 1 :])
                yield piece, AllOf(all=parts)


def idle(condition: Condition, logic: Logic) -> Iterator[tuple[Condition, Condition]]:
    """Parts of an outermost `all` or `any` without which it would say the same, with the rest."""
    if not isinstance(condition, AllOf | AnyOf):
        return
    every = isinstance(condition, AllOf)
    parts = condition.all if isinstance(condition, AllOf) else condition.any
    for i, part in enumerate(parts):
        others = (*parts[:i], *parts[i + 1 :])
        if not others:
            return
        whole: Condition = AllOf(all=others) if every else AnyOf(any=others)
        rest = others[0] if len(others) == 1 else whole
        if logic.implies(rest, part) if every else logic.implies(part, rest):
            yield part, rest
