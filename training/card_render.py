"""The model card as one self-contained HTML page and as Markdown, from the same sections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from training import svg
from training.card_parts import Grid, Picture, day
from training.card_sections import sections

_TEMPLATES = Path(__file__).with_name("templates")
_DRAWN = {"reliability": svg.reliability, "gain": svg.gain}


def card_html(card: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """The card as HTML: no script, nothing loaded from elsewhere.

    Args:
        card: figures, as the bundle keeps them.
        versions: what stands behind them, name -> value.
    """
    return _filled("card.html", card, versions, html=True)


def card_markdown(card: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """The card as Markdown with tables; see `card_html` for the arguments."""
    filled = _filled("card.md", card, versions, html=False)
    return re.sub(r"\n{3,}", "\n\n", filled).strip() + "\n"


def _filled(
    template: str, card: Mapping[str, Any], versions: Mapping[str, str], *, html: bool
) -> str:
    jinja = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=html,  # noqa: S701  # Markdown escapes by its own filter, `cell`
        undefined=StrictUndefined,
    )
    jinja.filters |= {"cell": _cell, "drawn": _span, "picture": _picture}
    jinja.tests["wordy"] = _is_wordy
    # Our own file, and no text of anybody's: it need not be escaped inside <style>.
    css = Markup((_TEMPLATES / "card.css").read_text(encoding="utf-8"))  # noqa: S704
    return jinja.get_template(template).render(
        company=card["company"],
        simulated=card["simulated"],
        model=versions["model"],
        rulebook=card["rulebook"],
        leads=f"{card['leads']['known']:,}",
        until=day(card["history_until"]),
        scale=card["scale"]["says"],
        sections=sections(card, versions),
        css=css,
    )


def _cell(text: str) -> str:
    """Text on one line that Markdown takes as text: no markup, no new column."""
    flat = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", flat)


def _is_wordy(grid: Grid, column: int) -> bool:
    """Whether a column holds phrases, which read from the left, rather than figures."""
    cells = (row[column] for row in grid.rows)
    return any(len(re.findall(r"[^\W\d_]{2,}", cell)) >= 4 for cell in cells)


def _span(grid: Grid, row: int) -> Markup:
    found = grid.spans[row]
    most = max((max(s.high, s.told) for s in grid.spans if s is not None), default=1.0)
    return Markup() if found is None else svg.span(found, most)


def _picture(picture: Picture, key: str) -> Markup:
    return _DRAWN[picture.kind](picture.data, picture.title, picture.reading, key)
