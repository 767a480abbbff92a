"""Settings: where they come from, what wins, and what is said of a wrong one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serving.access.settings import AccessSettings
from serving.configuration import (
    SettingsRefused,
    as_markdown,
    configured,
    declared,
    store_url,
    values_now,
)
from serving.settings import ServerSettings, Settings
from tests.support.cli import run

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of settings, and an environment that says nothing."""
    for _, setting in declared():
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.delenv("LEADPACT_SECRETS_DIR", raising=False)
    (tmp_path / "leadpact.toml").write_text("max_leads = 20\nworkers = 3\nhttps = true\n")
    return tmp_path


def told(workspace: Path, text: str) -> str:
    (workspace / "leadpact.toml").write_text(text)
    with pytest.raises(SettingsRefused) as refused:
        configured(Settings, workspace)
    return str(refused.value)


def test_one_file_holds_settings_of_every_kind(workspace: Path):
    assert configured(Settings, workspace).max_leads == 20
    assert configured(ServerSettings, workspace).workers == 3
    assert configured(AccessSettings, workspace).https is True
    assert configured(Settings, workspace / "nothing").max_leads == 1000


def test_the_environment_wins_over_the_file_and_a_call_over_both(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LEADPACT_WORKERS", "5")
    assert configured(ServerSettings, workspace).workers == 5
    assert configured(ServerSettings, workspace, workers=7).workers == 7
    assert configured(ServerSettings, workspace, workers=None).workers == 5


def test_a_secret_is_read_from_its_file_and_stands_in_the_stores_address(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "leadpact_database_password").write_text("s3cret/@\n")
    monkeypatch.setenv("LEADPACT_SECRETS_DIR", str(secrets))
    monkeypatch.setenv("LEADPACT_DATABASE_URL", "postgresql://leadpact@database/leadpact")
    settings = configured(Settings, workspace)
    assert store_url(settings) == ("postgresql://leadpact:s3cret%2F%40@database/leadpact")
    shown = run("settings", "-w", workspace).out
    assert "s3cret" not in shown
    assert re.search(r"database_password +set +\(secret\)", shown)
    assert "s3cret" not in repr(settings)


def test_without_an_address_the_store_is_the_workspaces_own(workspace: Path):
    url = store_url(configured(Settings, workspace))
    assert url == f"sqlite:///{workspace.resolve()}/.leadpact/store.db"


def test_a_wrong_value_in_the_file_is_named_with_what_is_allowed(workspace: Path):
    said = told(workspace, 'max_leads = "many"\n')
    assert said == (
        f"{workspace}/leadpact.toml: max_leads is 'many'. Allowed: a whole number, 1 or more."
    )
    assert "Allowed: debug, info, warning, error." in told(workspace, 'log_level = "loud"')
    assert "Allowed: postgresql://... or sqlite:///..." in told(
        workspace, 'database_url = "mysql://root:tr0ub4dor@db/x"'
    )
    assert "tr0ub4dor" not in told(workspace, 'database_url = "mysql://root:tr0ub4dor@db/x"')


def test_a_wrong_value_in_the_environment_is_named_by_its_variable(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LEADPACT_PORT", "80000")
    with pytest.raises(SettingsRefused) as refused:
        configured(ServerSettings, workspace)
    assert str(refused.value) == (
        "LEADPACT_PORT is '80000'. Allowed: a whole number from 1 to 65,535."
    )


def test_a_misspelt_setting_is_refused_and_a_broken_file_too(workspace: Path):
    assert "there is no setting 'max_lead'" in told(workspace, "max_lead = 1\n")
    assert "line 1" in told(workspace, "max_leads == 1\n")


def test_the_command_says_what_is_set_and_where(workspace: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEADPACT_LOG_LEVEL", "warning")
    now = {s.name: (value, source) for s, value, source in values_now(workspace)}
    assert now["max_leads"] == ("20", "leadpact.toml")
    assert now["log_level"] == ("warning", "environment")
    assert now["port"] == ("8000", "default")
    assert now["oidc_client_secret"] == ("", "default")
    listed = run("settings", "-w", workspace, "--json").json
    assert {"name": "workers", "value": "3", "from": "leadpact.toml"} in listed


def test_every_setting_is_documented_as_the_code_declares_it():
    assert all(setting.says for _, setting in declared())
    assert as_markdown() in OPERATIONS.read_text(encoding="utf-8")
