"""The views of the worklist that a person keeps."""

from __future__ import annotations

from serving.access_answers import ViewMade, Views
from serving.client.calling import Caller, at, operation


class ViewCalls:
    """`/v1/views`."""

    _caller: Caller

    @operation("views_views")
    def views(self) -> Views:
        """One's own views, oldest first."""
        return self._caller.ask("GET", at("views"), Views)

    @operation("views_save")
    def save_view(self, name: str, **asks: str) -> ViewMade:
        """Keep a view: `view`, `grade`, `stage`, `owner`, `sort` as in the worklist's address."""
        return self._caller.ask("POST", at("views"), ViewMade, json={"name": name, "asks": asks})

    @operation("views_forget")
    def forget_view(self, view_id: str) -> None:
        """Forget a view."""
        self._caller.send("DELETE", at("views", view_id))
