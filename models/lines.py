"""From a fitted ladder's parts to the lines of a score, in points, with plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Column, Table
from features.catalogue import Catalogue
from features.declare import Feature
from features.fields import Fields
from features.rulebook.conditions import Fact, walk
from features.rulebook.criteria import Bounds, Criterion, Dimension, Group
from features.rulebook.document import Rulebook
from features.rulebook.points import Agreed
from features.rulebook.sentences import sentence
from features.snapshot import Snapshot
from models.explanation import Explanation, Line
from models.likelihood import FittedLadder, Parts
from models.scale import logit

_SILENT = 1e-12


class Lines:
    """What every explanation of one bundle has in common.

    Attributes:
        rulebook: its criteria in order.
        by_line: explanation line -> the features that count to it.
        facts: fact name -> the explanation line it belongs to.
    """

    def __init__(self, fields: Fields, rulebook: Rulebook, catalogue: Catalogue) -> None:
        self.rulebook = rulebook
        self.by_line: dict[str, list[Feature]] = {}
        self.facts = {f.name: f"field:{f.name}" for f in fields.fields}
        self._attributes = {f"field:{f.name}" for f in fields.fields if f.role != "activity"}
        for feature in catalogue.features:
            self.by_line.setdefault(feature.line, []).append(feature)
            self.facts[feature.name] = feature.line
        self.only_line = [self._only_line(c) for c in rulebook.criteria]

    def dimension_of(self, key: str) -> Dimension:
        """The sub-score to which what was learned of a line belongs."""
        return "fit" if key in self._attributes else "engagement"

    def _only_line(self, criterion: Criterion) -> str | None:
        """The one line a criterion speaks of, or None when it speaks of several or of acts."""
        leaves = list(walk(criterion.when))
        if not all(isinstance(leaf, Fact) for leaf in leaves):
            return None
        lines = {self.facts.get(leaf.field, "") for leaf in leaves if isinstance(leaf, Fact)}
        return lines.pop() if len(lines) == 1 else None


@dataclass(frozen=True)
class Told:
    """Everything about n scored leads that explanations are made of."""

    lines: Lines
    ladder: FittedLadder
    snapshot: Snapshot
    features: Table
    agreed: Agreed
    parts: Parts

    @property
    def rulebook(self) -> Rulebook:
        """The edition whose grades and criteria count."""
        return self.lines.rulebook

    def explain(self, i: int) -> Explanation:
        """The score of lead `i`, line by line; the lines add up to it."""
        learned = dict(self._learned_by_line(i))
        criteria = [self._absorb(line, k, i, learned) for line, k in self._criteria(i)]
        beyond = [self._field_line(i, key, points) for key, points in learned.items()]
        beyond.sort(key=lambda line: (-abs(line.learned), line.key))
        told = [self._base(), *criteria, *self._caps(i), *beyond]
        return closed(told, float(self.agreed.total[i]))

    @property
    def _point(self) -> float:
        """Points of one unit of log-odds."""
        return float(1.0 / self.ladder.scale.per_point)

    @property
    def _stretch(self) -> float:
        """How much more (or less) than it says an agreed point turned out to be worth."""
        stated = self.ladder.stated.per_point
        return float(self.parts.per_f0 * stated * self._point - 1.0)

    def _base(self) -> Line:
        # What no criterion and no fact accounts for, on the score's scale.
        stated, scale = self.ladder.stated, self.ladder.scale
        at_zero = logit(stated.anchor_likelihood) - stated.per_point * stated.anchor_points
        f_at_zero = self.parts.constant + self.parts.per_f0 * at_zero
        learned = float(scale.points(f_at_zero)) + self._stretch * float(self.agreed.base)
        return Line(
            key="base",
            kind="base",
            owner="joint",
            label="Every lead starts here",
            sentence="Every lead starts here; facts are told against the average lead",
            agreed=self.agreed.base,
            learned=learned,
        )

    def _criteria(self, i: int) -> Iterator[tuple[Line, int]]:
        for k, criterion in enumerate(self.rulebook.criteria):
            if self.agreed.strength[i, k] == 0.0:
                continue
            agreed = float(self.agreed.points[i, k])
            learned = self._learned_of(i, k, agreed)
            line = Line(
                key=f"criterion:{criterion.id}",
                kind="criterion",
                owner=criterion.owner,
                label=criterion.says,
                sentence=self._found(criterion, i, k),
                agreed=agreed,
                learned=learned,
                group=criterion.group,
                dimension=self.rulebook.groups[criterion.group].dimension or "",
            )
            yield line, k

    def _learned_of(self, i: int, k: int, agreed: float) -> float:
        """What was learned of criterion `k` where it gives lead `i` so many agreed points."""
        return self._stretch * agreed + self._point * float(self.parts.criteria[i, k])

    def _absorb(self, line: Line, k: int, i: int, learned: dict[str, float]) -> Line:
        """Let a criterion carry what was learned of the one fact it speaks of.

        Only where it alone applied to that fact; else the fact keeps a line of its own.
        """
        about = self.lines.only_line[k]
        same = [
            j
            for j, other in enumerate(self.lines.only_line)
            if other == about and self.agreed.strength[i, j] != 0.0
        ]
        if about is None or about not in learned or same != [k]:
            return line
        return replace(line, learned=line.learned + learned.pop(about))

    def _caps(self, i: int) -> Iterator[Line]:
        for g, (name, group) in enumerate(self.rulebook.groups.items()):
            cap = float(self.agreed.caps[i, g])
            if cap != 0.0:
                line = self._cap(f"cap:{name}", f"{group.label} counts", cap, group)
                yield replace(line, owner=group.owner, group=name, dimension=group.dimension or "")
        total = self.rulebook.total
        if total is not None and self.agreed.caps[i, -1] != 0.0:
            yield self._cap("cap", "All agreed points count", float(self.agreed.caps[i, -1]), total)

    def _cap(self, key: str, what: str, cap: float, bounds: Group | Bounds) -> Line:
        bound, word = (bounds.at_most, "at most") if cap < 0 else (bounds.at_least, "at least")
        told = f"Cap: {what} for {word} {bound:g}"
        learned = self._stretch * cap
        return Line(key, "cap", "joint", told, told, agreed=cap, learned=learned)

    def _learned_by_line(self, i: int) -> Iterator[tuple[str, float]]:
        for key, features in self.lines.by_line.items():
            points = self._point * sum(float(self.parts.features[f.name][i]) for f in features)
            if abs(points) > _SILENT:
                yield key, points

    def _field_line(self, i: int, key: str, points: float) -> Line:
        features = self.lines.by_line[key]
        leading = max(features, key=lambda f: abs(float(self.parts.features[f.name][i])))
        return Line(
            key=key,
            kind="field" if key.startswith("field:") else "activity",
            owner=leading.owner,
            label=leading.label,
            sentence=f"{leading.label}: {_value_in_words(leading, self.features[leading.name], i)}",
            agreed=0.0,
            learned=points,
            dimension=self.lines.dimension_of(key),
        )

    def _found(self, criterion: Criterion, i: int, k: int) -> str:
        """What was found of the lead, beside what the criterion says."""
        condition = criterion.when
        facts = [leaf.field for leaf in walk(condition) if isinstance(leaf, Fact)]
        if not facts:
            strength = float(self.agreed.strength[i, k])
            times = "" if criterion.count == "once" else f", counting {strength:.3g} times"
            return f"{criterion.says} ({sentence(condition)}{times})"
        told = [self._fact_in_words(name, i) for name in dict.fromkeys(facts)]
        return f"{criterion.says} ({', '.join(told)})"

    def _fact_in_words(self, name: str, i: int) -> str:
        values: Column | None = None
        if name in self.features:
            values = self.features[name]
        elif name in self.snapshot.columns:
            values = self.snapshot.columns[name]
        plain = name.replace("_", " ")
        return plain if values is None else f"{plain}: {_plain(values[i])}"


def closed(told: list[Line], agreed: float) -> Explanation:
    """The explanation that `told` adds up to, with a limit line where the score is cut.

    Args:
        told: every other line.
        agreed: agreed points in all, not cut.
    """
    exact = sum(line.points for line in told)
    shown = min(max(exact, 0.0), 100.0)
    if shown == exact:
        return Explanation(tuple(told), exact, shown)
    cut = min(max(agreed, 0.0), 100.0) - agreed
    limit = Line(
        key="limit",
        kind="limit",
        owner="joint",
        label=f"A score is {'100 at most' if exact > shown else '0 at least'}",
        sentence=f"Adds up to {exact:.1f}, shown as {shown:.0f}",
        agreed=cut,
        learned=shown - exact - cut,
    )
    return Explanation((*told, limit), exact, shown)


def _value_in_words(feature: Feature, values: Column, i: int) -> str:
    value = values[i]
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "not given"
    return feature.reason.format(value=value)


def _plain(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "not given"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
