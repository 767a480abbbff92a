"""A simulated company as a workspace: its exports, its documents, and an example to curl."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from training.sample.company import SampleCompany, simulate
from training.writers import open_writer

DOCUMENTS = ("fields.yaml", "rulebook.yaml")


def write_workspace(
    folder: Path, n_leads: int, seed: int, exploration: float = 0.0, until: datetime | None = None
) -> dict[str, Any]:
    """Simulate and write everything; documents that people may have edited are left alone.

    Args:
        n_leads, seed, exploration, until: as for `simulate`.

    Returns:
        rows per file, and the files' folder.
    """
    company = simulate(n_leads, seed=seed, exploration=exploration, until=until)
    folder.mkdir(parents=True, exist_ok=True)
    write_company(company, folder)
    for name in DOCUMENTS:
        if not (folder / name).exists():
            text = files("training.sample").joinpath(name).read_text(encoding="utf-8")
            (folder / name).write_text(text, encoding="utf-8")
    example = json.dumps(example_request(company), indent=1)
    (folder / "example.json").write_text(example + "\n", encoding="utf-8")
    rows = {
        "leads": len(company.leads),
        "activities": len(company.activities),
        "outcomes": len(company.outcomes),
    }
    return {"workspace": str(folder), "rows": rows, "seed": seed, "simulated": True}


def write_company(company: SampleCompany, folder: Path) -> None:
    """The exports, and the truth in a folder of its own that training never opens."""
    for name, table in (("leads.csv", company.leads), ("outcomes.csv", company.outcomes)):
        with open_writer(folder / name) as writer:
            writer.write(table)
    company.activities.to_parquet(folder / "activities.parquet", index=False)
    (folder / "truth").mkdir(exist_ok=True)
    company.truth.to_parquet(folder / "truth" / "truth.parquet", index=False)


def example_request(company: SampleCompany) -> dict[str, Any]:
    """A lead with a lively month behind it, as a CRM would send it to be scored."""
    counts = company.activities.groupby("lead_id").size()
    lively = counts[counts.between(12, 18)]
    lead_id = str(lively.index[-1]) if len(lively) else str(company.leads.lead_id.iloc[0])
    touches = company.activities[company.activities.lead_id == lead_id]
    last = touches.occurred_at.max()
    told = [
        {
            "occurred_at": f"{t.occurred_at:%Y-%m-%dT%H:%M:%SZ}",
            "channel": t.channel,
            "kind": t.kind,
            "team": t.team,
        }
        for t in touches.itertuples()
    ]
    lead = {
        "lead_id": lead_id,
        "email": "ines.duarte@calder-voss.example",
        "job_title": "Head of Operations",
        "employees": 640,
        "industry": "logistics",
        "country": "Germany",
        "source": "webinar",
        "budget_date_given": False,
        "phone_given": True,
    }
    as_of = f"{last + (last - last.floor('D')):%Y-%m-%dT%H:%M:%SZ}"
    return {"lead": lead, "activities": told, "as_of": as_of}
