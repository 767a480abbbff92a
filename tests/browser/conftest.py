"""A real browser on a real service: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from models.workspace import Workspace
from tests.conftest import missing
from tests.support.server import served


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The browser that the machine has; none is downloaded."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("chromium")
    quiet = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
    more = ["--disable-component-update", "--disable-sync", "--no-first-run"]
    return browser_type_launch_args | {"executable_path": found, "args": [*quiet, *more]}


@pytest.fixture(scope="session")
def address(trained: Workspace) -> Iterator[str]:
    """Where the simulated company is served."""
    with served(trained.folder) as found:
        yield found
