"""docs/mappings.md holds: its mapping is read, and a check of its sample says what stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import numpy as np

from serving.ingesting.results import Status
from serving.mappings.checking import check, lines_of
from serving.mappings.conversions import Conversion
from serving.mappings.document import read_mapping
from serving.mappings.library import listed
from serving.mappings.shapes import MOST_RECORDS

TEXT = (Path(__file__).parents[2] / "docs" / "mappings.md").read_text(encoding="utf-8")
NOW = np.datetime64("2026-09-01T12:00:00", "us")


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def test_the_example_comes_to_what_the_page_shows(tmp_path: Path):
    file = tmp_path / "ours.yaml"
    file.write_text(block("yaml"), encoding="utf-8")
    found = check(read_mapping(file), json.loads(block("json")), NOW, None)
    assert "\n".join(lines_of(found)) == block("text").rstrip("\n")


def test_the_page_names_every_status_every_conversion_and_every_mapping_that_ships():
    names = {*get_args(Status), *get_args(Conversion), *(one.name for one in listed(None))}
    assert [name for name in sorted(names) if f"`{name}`" not in TEXT] == []
    assert f"{MOST_RECORDS:,} records" in TEXT
