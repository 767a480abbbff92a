"""The leak guard over the raw files, every column declared as an input: what it names, and why.

    python tests/benchmarks/leaks.py [--data ../shared/data] [--json .bench/leaks.json]

Exits 1 when a known leak goes unnoticed or more than one clean field of a set is named.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.arrays import Floats
from features.columns import Columns
from features.fields import Fields, read_fields
from features.frames import read_frame
from features.rulebook.document import read_rulebook
from training.dataset import make_dataset
from training.draft import draft_fields
from training.draft.history import known_outcomes
from training.intake import files_of, take, with_rows
from training.leak_guard import inspect
from training.leaks import Suspicion
from training.sample import write_workspace
from training.tables import read_table

ROOT = Path(__file__).parents[2]
POST_HOC = (
    "tags",
    "lead_quality",
    "lead_profile",
    "last_activity",
    "last_notable_activity",
    "asymmetrique_activity_index",
    "asymmetrique_profile_index",
    "asymmetrique_activity_score",
    "asymmetrique_profile_score",
)


@dataclass(frozen=True)
class RawSet:
    """A raw file with what is known of it.

    Attributes:
        leaks: fields known only after the outcome, by the set's own description: must be named.
        doubtful: fields filled in while leads are handled, or identifiers: named or not.
    """

    name: str
    file: str
    converted: str
    leaks: tuple[str, ...]
    doubtful: tuple[str, ...] = ()


SETS = (
    RawSet("bank", "bank_marketing/bank-additional-full.csv.gz", "y", ("duration",)),
    RawSet("bank, 17 columns", "bank_marketing/bank-full.csv.gz", "y", ("duration",)),
    RawSet("x education", "x_education/Leads.csv.gz", "Converted", POST_HOC, ("prospect_id",)),
    RawSet(
        "ficzon",
        "ficzon/ficzon_leads.csv",
        "Status",
        ("sales_agent",),
        ("location", "delivery_mode"),
    ),
)


@dataclass(frozen=True)
class Row:
    """What the guard found in one set.

    Attributes:
        found: what it named.
        blind: what it still names when the columns' names tell nothing.
        missed, clean: leaks that went unnoticed, and clean fields that were named.
    """

    set: str
    leads: int
    inputs: int
    found: tuple[Suspicion, ...]
    blind: tuple[str, ...]
    missed: tuple[str, ...]
    clean: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every leak was named, and at most one clean field."""
        return not self.missed and len(self.clean) <= 1


def inspect_raw(raw: RawSet, data: Path) -> Row:
    """Every column of a raw file as an input, and what the guard names."""
    frame = read_table(data / raw.file)
    drafted, _ = draft_fields(frame, converted=raw.converted, leads_path=raw.file, company=raw.name)
    fields = everything(drafted)
    columns = read_frame(with_rows(frame, 1), fields.fields).columns
    return judged(raw, len(frame), fields, columns, known_outcomes(fields, frame))


def everything(drafted: Fields) -> Fields:
    """The same fields, all but the outcome, the lead's instant and a made-up id as inputs."""
    kept = {drafted.outcome.field, drafted.timing.as_of}
    made = []
    for field in drafted.fields:
        if field.name not in kept and not field.column.startswith("#"):
            kind = "category" if field.type == "id" else field.type
            known = "at creation" if field.known == "after outcome" else field.known
            change = {"role": "attribute", "known": known, "type": kind}
            field = field.model_copy(update=change)
        made.append(field)
    # Nobody says which column is the lead's id: the guard must find identifiers itself.
    lead = next((f.name for f in made if f.column.startswith("#")), drafted.outcome.field)
    return drafted.model_copy(update={"fields": tuple(made), "lead": lead})


def inspect_sample(leads: int, seed: int) -> Row:
    """The simulated company with its planted leak declared as an input."""
    with tempfile.TemporaryDirectory() as folder:
        write_workspace(Path(folder), leads, seed)
        fields = read_fields(Path(folder) / "fields.yaml")
        change = {"role": "attribute", "known": "at creation"}
        made = tuple(
            f.model_copy(update=change) if f.role == "ignored" else f for f in fields.fields
        )
        fields = fields.model_copy(update={"fields": made})
        rulebook = read_rulebook(Path(folder) / "rulebook.yaml")
        dataset = make_dataset(fields, rulebook, take(files_of(fields, Path(folder)), fields))
    raw = RawSet("sample (simulated)", "", "", ("proposal_status",))
    return judged(raw, leads, fields, dataset.everyone, dataset.outcome)


def judged(raw: RawSet, leads: int, fields: Fields, columns: Columns, y: Floats) -> Row:
    """What is found, against what is known of the set."""
    found = inspect(columns, fields, y)
    hidden = tuple(f.model_copy(update={"column": f"c{k}"}) for k, f in enumerate(fields.fields))
    blind = inspect(columns, fields.model_copy(update={"fields": hidden}), y)
    named = [s.field for s in found]
    missed = tuple(name for name in raw.leaks if name not in named)
    excused = {*raw.leaks, *raw.doubtful, fields.timing.order}
    clean = tuple(name for name in named if name not in excused)
    by_figures = tuple(s.field for s in blind)
    return Row(raw.name, leads, len(fields.inputs), tuple(found), by_figures, missed, clean)


def table(rows: list[Row]) -> str:
    """The findings as Markdown."""
    lines = [
        "| set | leads | inputs | named | of these by figures alone | leaks missed | clean named |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        named = [s.field for s in r.found]
        told = [", ".join(v) or "none" for v in (named, r.blind, r.missed, r.clean)]
        cells = (f"{r.leads:,}", str(r.inputs), *told)
        lines.append(f"| {r.set} | {' | '.join(cells)} |")
    lines.append("")
    for r in rows:
        lines += [f"- {r.set}, `{s.field}`: {s.reason}" for s in r.found]
    return "\n".join(lines)


def as_json(rows: list[Row]) -> list[dict[str, Any]]:
    """The findings for machines."""
    return [
        {
            "set": r.set,
            "leads": r.leads,
            "inputs": r.inputs,
            "named": {s.field: s.reason for s in r.found},
            "by_figures_alone": r.blind,
            "missed": r.missed,
            "clean": r.clean,
            "holds": r.holds,
        }
        for r in rows
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the table and write it as JSON; 1 when a set does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--json", type=Path, default=ROOT / ".bench" / "leaks.json")
    parser.add_argument("--leads", type=int, default=5000, help="of the simulated company")
    asked = parser.parse_args(arguments)
    rows = [inspect_raw(raw, asked.data) for raw in SETS]
    rows.append(inspect_sample(asked.leads, 7))
    print(table(rows))  # noqa: T201
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(as_json(rows), indent=1) + "\n", encoding="utf-8")
    return 0 if all(r.holds for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
