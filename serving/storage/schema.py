"""Every table of the store: the one place that knows them all."""

from serving.storage import tables
from serving.storage.base import metadata

__all__ = ["metadata", "tables"]
