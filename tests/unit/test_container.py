"""Dockerfile and compose file: what of them can be checked without building them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import leadpact
from serving.configuration import declared

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = ("leadpact", "migrate")
COMMANDS = typer.main.get_command(leadpact.app)


def instructions(name: str) -> list[list[str]]:
    found = re.findall(rf"^{name}\s+(.+)$", DOCKERFILE, flags=re.MULTILINE)
    return [shlex.split(line) for line in found]


def copied() -> list[str]:
    """What is copied out of the repository."""
    words = [w for w in instructions("COPY") if not w[0].startswith("--from")]
    return [source for line in words for source in line[:-1]]


def test_everything_the_image_is_made_of_exists_and_is_let_in():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignored
    assert "*" in ignored


def test_the_image_holds_what_the_project_says_it_is_made_of():
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    only = re.search(r"^only-include = \[(.+)\]$", declared, flags=re.MULTILINE)
    assert only is not None
    assert {name.strip(' "') for name in only.group(1).split(",")} <= set(copied())


def test_packages_are_installed_by_hash_and_ours_without_looking_for_more():
    installs = re.findall(r"pip install (.+)", DOCKERFILE)
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "--no-deps" in installs[1]


def test_the_image_runs_as_nobody_special_and_says_when_it_is_ready():
    [[user]] = instructions("USER")
    assert user == "leadpact"
    assert DOCKERFILE.index("USER leadpact") < DOCKERFILE.index("ENTRYPOINT")
    assert "/readyz" in DOCKERFILE
    assert instructions("ENTRYPOINT") == [["[leadpact]"]]
    assert instructions("CMD")[-1] == ["[serve]"]


def test_base_images_come_from_where_docker_looks_by_itself():
    images = [line[0] for line in instructions("FROM")] + [COMPOSE["services"]["database"]["image"]]
    assert set(images) == {"python:3.11-slim", "postgres:17"}


@pytest.mark.parametrize("name", OURS)
def test_what_a_container_runs_is_a_command_with_such_options(name: str):
    command, *options = COMPOSE["services"][name]["command"]
    assert isinstance(COMMANDS, typer.core.TyperGroup)
    found = COMMANDS.commands[command]
    known = {o for p in found.params for o in p.opts}
    assert {o for o in options if o.startswith("-")} <= known


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_container_has_a_root_it_cannot_write_to_and_a_place_for_what_passes(name: str):
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert "/tmp" in service["tmpfs"]
    assert "privileged" not in service
    if name in OURS:
        assert service["cap_drop"] == ["ALL"]


def test_what_is_set_exists_and_no_secret_stands_in_any_file():
    known = {setting.variable for _, setting in declared()} | {"LEADPACT_SECRETS_DIR"}
    for name in OURS:
        assert COMPOSE["services"][name]["environment"].keys() <= known
    set_in_image = set(re.findall(r"\b(LEADPACT_\w+)=", DOCKERFILE))
    assert set_in_image <= known
    secret = re.compile(r"(?i)(password|secret|token)\w*[=:][ \t]*(\S+)")
    text = DOCKERFILE + (ROOT / "compose.yaml").read_text(encoding="utf-8")
    values = [m.group(2) for m in secret.finditer(text)]
    assert values
    assert all(value.startswith("/run/secrets") for value in values), values
    [source] = [s["file"] for s in COMPOSE["secrets"].values()]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert f"/{Path(source).parts[0]}/" in ignored


def test_a_container_has_more_time_to_stop_than_requests_in_flight():
    [longest] = [s.default for _, s in declared() if s.name == "stop_seconds"]
    told = COMPOSE["services"]["leadpact"]["stop_grace_period"]
    assert int(told.removesuffix("s")) > int(longest)
