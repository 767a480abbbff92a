"""Bring a store to this version's tables, and say whether it is there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from features.errors import LeadpactError
from serving.storage.database import Database

VERSION_TABLE = "leadpact_version"
"""A name of our own: MLflow keeps its tables by Alembic too, maybe in the same database."""
HEAD = "head"
_SCRIPTS = Path(__file__).with_name("migrations")


class StoreOutdated(LeadpactError):
    """The store's tables are not those of this version."""


def migrate(database: Database, revision: str = HEAD) -> None:
    """Upgrade (or, to an earlier revision, downgrade) the tables; in one transaction."""
    with database.rebuilding() as connection:
        config = _config(connection)
        current = revision_of(connection)
        script = ScriptDirectory.from_config(config)
        wanted = script.get_current_head() if revision == HEAD else revision
        back = [s.revision for s in script.walk_revisions()] if current else []
        goes_back = wanted == "base" or (
            current in back and wanted in back and back.index(str(wanted)) > back.index(current)
        )
        if goes_back:
            command.downgrade(config, str(wanted))
        else:
            command.upgrade(config, str(wanted))


def require_current(database: Database) -> None:
    """Refuse to work on tables of another version.

    Raises:
        StoreOutdated: saying which version is there and what to do.
    """
    head = _head()
    with database.reading() as connection:
        found = revision_of(connection)
    if found != head:
        raise StoreOutdated(
            f"The store is at revision {found or 'none'}, this version needs {head}. Back it up, "
            "then run `leadpact migrate`."
        )


def revision_of(connection: Connection) -> str | None:
    """The revision the tables are at; None for an empty store."""
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def known_revision(revision: str) -> bool:
    """Whether this version can bring a store at that revision up to itself."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_SCRIPTS))


@cache
def _head() -> str | None:
    """The revision that this version needs."""
    return _scripts().get_current_head()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config
