"""The leak guard: refuses inputs that look known only after the outcome.

`init` drafts such fields as ignored; people edit the file afterwards, and exports change. So
whatever teaches a model or judges points looks again, at all leads of the file, and a person must
answer for what is accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from features.arrays import Column, Floats
from features.columns import Columns
from features.errors import InputRefused, LeakSuspected
from features.fields import Field, Fields
from training.leaks import Suspicion, suspects
from training.words import names_an_id, words_of

_LEAST_ROWS, _DISTINCT = 50, 0.95
_DENSE = 1.5
"""Whole numbers that fill this many times their count, all different, count leads up."""


def inspect(columns: Columns, fields: Fields, y: Floats) -> list[Suspicion]:
    """The inputs that a model should not look at, the strongest first.

    Args:
        columns: typed columns of n leads, whatever became of them.
        fields: what the columns mean.
        y: (n,) 1 converted, 0 not, NaN not known yet.
    """
    found = {s.field: s for s in suspects(columns, fields, y)}
    for field in fields.inputs:
        if field.name in columns and field.name != fields.timing.as_of:
            for why in _identifies(columns[field.name], field):
                told = found.get(field.name, Suspicion(field.name, "", float("nan")))
                reason = f"{why} {told.reason}".strip()
                found[field.name] = Suspicion(field.name, reason, told.strength)
    return list(found.values())


def _identifies(column: Column, field: Field) -> Iterator[str]:
    """Whether the values name the lead instead of describing it; free text is never read whole."""
    if field.type not in ("category", "number"):
        return
    is_number = column.dtype.kind == "f"
    given = column[~np.isnan(column)] if is_number else column[[v is not None for v in column]]
    if len(given) < _LEAST_ROWS:
        return
    distinct = len(set(given.tolist()))
    why = (
        f"It identifies the lead instead of describing it: {distinct:,} values in "
        f"{len(given):,} rows."
    )
    if not is_number:
        if distinct >= _DISTINCT * len(given):
            yield why
    elif distinct == len(given) and bool(np.all(given % 1 == 0)):
        dense = float(np.ptp(given)) + 1 <= _DENSE * len(given)
        if dense or names_an_id(words_of(field.column)):
            yield why


def guard(
    columns: Columns, fields: Fields, y: Floats, accepted: Iterable[str] = ()
) -> dict[str, str]:
    """Refuse suspicious inputs that nobody answers for; see `inspect` for the arguments.

    Args:
        accepted: names of fields accepted for this training, beside those of the fields file.

    Returns:
        the suspicious fields that were accepted, each with its suspicion and who accepted it.

    Raises:
        LeakSuspected: naming each field and the reason.
        InputRefused: when `accepted` names what is no input.
    """
    named = tuple(accepted)
    inputs = {f.name for f in fields.inputs}
    for name in named:
        if name not in inputs:
            raise InputRefused(
                f"--accept-leak names {name!r}, which is no input. Inputs: "
                f"{', '.join(sorted(inputs))}."
            )
    found = inspect(columns, fields, y)
    refused = [s for s in found if s.field not in named and s.field not in fields.accept_leaks]
    if refused:
        raise LeakSuspected(_refusal(refused), tuple(s.field for s in refused))
    return {s.field: f"{s.reason} {_answer(s.field, fields)}" for s in found}


def _answer(name: str, fields: Fields) -> str:
    why = fields.accept_leaks.get(name)
    return f"Accepted in the fields file: {why}" if why else "Accepted by --accept-leak."


def _refusal(found: list[Suspicion]) -> str:
    lines = [f"  {s.field}: {s.reason}" for s in found]
    many = "field looks" if len(found) == 1 else "fields look"
    options = " ".join(f"--accept-leak {s.field}" for s in found)
    return (
        f"{len(found)} {many} unfit to learn from: known only after the outcome, or naming the "
        "lead. A model taught by such a field looks better than it is.\n"
        + "\n".join(lines)
        + "\nGive each the role `ignored` in fields.yaml. If you know that it stands when a lead "
        f"is scored: {options} with the same command, or accept_leaks in fields.yaml with the "
        "reason; the model card tells it."
    )
