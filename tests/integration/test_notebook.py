"""Notebooks are guests of the packages' public API: they run from top to bottom, as committed."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_committed_without_outputs_and_runs(path: Path, tmp_path: Path):
    notebook = nbformat.read(path, as_version=4)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert code
    assert all(c.outputs == [] and c.execution_count is None for c in code)
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, resources=where, kernel_name="python3").execute()
    assert all(c.execution_count for c in code)


def test_there_is_a_first_notebook():
    assert [p.name for p in NOTEBOOKS][:1] == ["01_from_export_to_score.ipynb"]
