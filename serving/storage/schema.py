"""Every table of the store: the one place that knows them all."""

from serving.storage import (
    access_tables,
    crm_tables,
    jobs_tables,
    pact_tables,
    privacy_tables,
    tables,
)
from serving.storage.base import metadata

__all__ = [
    "access_tables",
    "crm_tables",
    "jobs_tables",
    "metadata",
    "pact_tables",
    "privacy_tables",
    "tables",
]
