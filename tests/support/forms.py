"""What a browser without scripts sends of a page's form, read off its HTML."""

from __future__ import annotations

from html.parser import HTMLParser


class _Form(HTMLParser):
    """Collects the controls of the form whose tag has `mark` among its attributes."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._mark, self._inside = mark, False
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._inside = self._mark in told
        if not self._inside:
            return
        if tag == "input" and told.get("type") != "checkbox" and "name" in told:
            self.found[told["name"]] = told.get("value", "")
        elif tag == "input" and "checked" in told:
            self.found[told["name"]] = told["value"]
        elif tag == "textarea":
            self._area = told["name"]
            self.found[self._area] = ""
        elif tag == "select":
            self._select = told["name"]
        elif tag == "option" and self._select:
            self._option(told)

    def _option(self, told: dict[str, str]) -> None:
        if "selected" in told or self._select not in self.found:
            # An option without a value sends its text, which comes next.
            self.found[self._select] = told.get("value", "\0")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data
        elif self._select and self.found.get(self._select) == "\0":
            self.found[self._select] = data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""


def sent_by(page: str, mark: str) -> dict[str, str]:
    """Name -> text of every control of the form that has the attribute `mark`, as it stands."""
    form = _Form(mark)
    form.feed(page)
    return form.found
