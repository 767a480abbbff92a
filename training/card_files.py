"""Where a training's card goes: beside the bundle, never inside it, and to the registry."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from models.bundle import Versions
from models.workspace import Workspace
from training.card_render import card_html, card_markdown

_PACKAGES = ("leadpact", "lightgbm", "numpy", "scikit-learn")


def card_texts(card: Mapping[str, Any], versions: Versions) -> dict[str, str]:
    """File name -> content: the card as HTML and as Markdown, with the versions that made it."""
    told = {name.replace("_", " "): value for name, value in vars(versions).items() if value}
    told |= {"python": platform.python_version()}
    told |= {package: version(package) for package in _PACKAGES}
    return {"card.html": card_html(card, told), "card.md": card_markdown(card, told)}


def write_cards(workspace: Workspace, versions: Versions, texts: Mapping[str, str]) -> Path:
    """Write the card's files into the workspace; gives their folder."""
    folder = workspace.home / "cards" / versions.model
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
