"""What tests share: a small workspace of the simulated company, trained once a session."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.storage.database import Database
from training.plan import Plan
from training.sample import write_workspace

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
settings.register_profile(
    "leadpact", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("leadpact")

SHARED = Path(__file__).parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    parser.addoption("--rounds", default="3", help="Rounds of tests/faults.")


def pytest_sessionfinish() -> None:
    """Leave nothing in the temporary directory."""
    from tests.support.folders import remove_folders

    remove_folders()


def missing(what: str) -> None:
    """Skip on a user's machine, fail in CI: a test that cannot run is no test."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and in CI every test must run")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets."""
    folder = SHARED / "data"
    if not folder.is_dir():
        missing("../shared/data, the real data sets,")
    return folder


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of 3,000 simulated leads, not trained."""
    folder = tmp_path_factory.mktemp("companies") / "halden"
    write_workspace(folder, 3000, 7)
    return folder


@pytest.fixture(scope="session")
def trained(sample_folder: Path) -> Workspace:
    """The simulated workspace with a champion. Tests must not change it."""
    from training.pipeline import train

    workspace = Workspace(sample_folder)
    train(Plan(workspace, curve=False))
    return workspace


@pytest.fixture(scope="session")
def client(trained: Workspace) -> Iterator[TestClient]:
    """The service on the simulated workspace's champion, with its clock standing still."""
    from tests.support.service import make_client, make_worker

    with make_client(make_worker(trained)) as found:
        yield found


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a real PostgreSQL."""
    from tests.support.databases import postgresql_server

    with postgresql_server() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database; every test that asks for it runs on both."""
    from tests.support.databases import empty_database

    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    with empty_database(request.param, tmp_path, server) as found:
        yield found
