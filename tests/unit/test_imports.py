"""Importing does nothing: no files, no clock; and a scorer is light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("features", "models", "training", "serving")
HEAVY = ("pandas", "scipy", "sklearn", "mlflow", "lightgbm", "matplotlib", "pyarrow")

CLOCKS = ("now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter")

_WATCHED = """
import importlib, os, sys
# Third parties may write caches and look at the clock; they are imported before the watch begins.
import fastapi, joblib, lightgbm, matplotlib.figure, mlflow, pandas, pydantic, pyarrow.parquet
import sklearn, sqlalchemy, starlette.testclient, typer

seen = []

def profile(frame, event, function):
    if event == "c_call" and function.__name__ in {clocks}:
        module = frame.f_globals.get("__name__", "")
        if module.split(".")[0] in {packages}:
            seen.append(f"{{module}} calls {{function.__name__}}")

def audit(event, arguments):
    if event == "open" and isinstance(arguments[2], int):
        writes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and "__pycache__" not in str(arguments[0]):
            seen.append(f"writes {{arguments[0]}}")
    elif event in ("os.mkdir", "socket.connect", "socket.bind", "sqlite3.connect"):
        seen.append(f"{{event}} {{arguments}}")

sys.addaudithook(audit)
sys.setprofile(profile)
for name in {ours}:
    importlib.import_module(name)
sys.setprofile(None)
print(seen)
"""


def ours() -> list[str]:
    """Every module of the packages, and the front door; models-from-code entries apart."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    # MLflow and Alembic run these files themselves, inside a context; nobody imports them.
    run = ("models.pyfunc", "serving.storage.migrations")
    return [name for name in found if not name.startswith(run)] + ["leadpact"]


def in_a_new_process(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own, in an empty folder."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=False
    )


def test_importing_every_module_makes_no_file_and_reads_no_clock(tmp_path: Path):
    code = _WATCHED.format(clocks=CLOCKS, packages=PACKAGES, ours=ours())
    done = in_a_new_process(code, tmp_path)
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stdout + done.stderr[-2000:]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["models.scorer", "models.workspace", "features.catalogue"])
def test_a_scorer_is_numpy_and_lightgbms_library_only(module: str, tmp_path: Path):
    code = f"import sys, {module}\nprint([m for m in {HEAVY} if m in sys.modules])"
    done = in_a_new_process(code, tmp_path)
    assert done.stdout.strip() == "[]", done.stderr


def test_scoring_needs_nothing_heavier_than_importing(trained, tmp_path: Path):
    code = f"""
import sys
from pathlib import Path
import numpy as np
from features.columns import from_records
from features.timeline import no_activities
from models.scorer import Scorer
scorer = Scorer.load(Path({str(trained.champion())!r}))
columns = from_records([{{"employees": 640}}], scorer.fields).columns
scores = scorer.score(columns, no_activities(), np.array(["2026-08-01"], "datetime64[us]"))
scores.explain(0)
print([m for m in {HEAVY} if m in sys.modules])
"""
    done = in_a_new_process(code, tmp_path)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_front_door_opens_without_the_heavy_libraries(tmp_path: Path):
    code = f"import sys, leadpact\nprint([m for m in {HEAVY} if m in sys.modules])"
    done = in_a_new_process(code, tmp_path)
    assert done.stdout.strip() == "[]", done.stderr
