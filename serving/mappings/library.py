"""Where mappings lie: in a workspace's own folder, and those that ship with the product."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from serving.mappings.document import Mapping, read_mapping

NAME = r"^[a-z][a-z0-9_-]{0,40}$"
FOLDER = "mappings"
"""In a workspace: NAME.yaml there wins over the one of that name that ships."""
_SHIPPED = Path(__file__).parent


@dataclass(frozen=True)
class Listed:
    """A mapping that there is.

    Attributes:
        name: by which it is asked for.
        path: its file.
        own: whether it is the workspace's.
    """

    name: str
    path: Path
    own: bool


def listed(workspace: Path | None) -> list[Listed]:
    """Every mapping by name, the workspace's own before one that ships."""
    found = {path.stem: Listed(path.stem, path, own=False) for path in _SHIPPED.glob("*.yaml")}
    if workspace is not None:
        for path in (workspace / FOLDER).glob("*.yaml"):
            if re.match(NAME, path.stem):
                found[path.stem] = Listed(path.stem, path, own=True)
    return [found[name] for name in sorted(found)]


def mapping_of(workspace: Path | None, name: str) -> Mapping | None:
    """The mapping of that name, or None. A file that is edited counts from then on.

    Raises:
        DocumentRefused: when its file cannot be used.
    """
    path = next((one.path for one in listed(workspace) if one.name == name), None)
    if path is None:
        return None
    now = path.stat()
    return _as_of(path, now.st_mtime_ns, now.st_size)


@lru_cache(maxsize=32)
def _as_of(path: Path, _changed: int, _size: int) -> Mapping:
    return read_mapping(path)
