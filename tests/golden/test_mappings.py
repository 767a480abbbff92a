"""What the four CRMs send, written by us after their documentation, and what it becomes here.

The payloads and what is told of them lie in tests/mappings_payloads. A changed line there is a
changed meaning: read it before it is taken over.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serving.bodies import decode
from serving.mappings.checking import check, lines_of
from serving.mappings.library import mapping_of

FOLDER = Path(__file__).parents[1] / "mappings_payloads"
PAYLOADS = sorted(path.stem for path in FOLDER.glob("*.json"))
NOW = np.datetime64("2026-11-25T12:00:00", "us")


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_becomes_what_is_written_down(name: str):
    mapping = mapping_of(None, name.partition("_")[0])
    assert mapping is not None
    found = check(mapping, decode((FOLDER / f"{name}.json").read_bytes()), NOW, None)
    expected = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert "\n".join(lines_of(found)) + "\n" == expected


def test_every_crm_has_records_events_and_activities_written_down():
    told = dict.fromkeys(("hubspot", "salesforce", "dynamics", "odoo"), "")
    for name in PAYLOADS:
        told[name.partition("_")[0]] += (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    for crm, text in told.items():
        for what in (
            "as of",
            "activity of",
            "stage: 'won'",
            "stage: 'lost'",
            "ignored.",
            "SET ASIDE",
        ):
            assert what in text, (crm, what)
