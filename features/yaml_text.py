"""Documents as YAML that reads back equal, whatever characters people typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

_BREAKS = frozenset("\x85\u2028\u2029\ufeff")
"""Characters that YAML 1.1 takes for line breaks or marks: written plainly, they read back as a
blank or as nothing; between double quotes they are written as escapes."""


class _Dumper(yaml.SafeDumper):
    """Writes texts that hold such characters between double quotes."""


def _text(dumper: yaml.SafeDumper, told: str) -> yaml.ScalarNode:
    style = '"' if not _BREAKS.isdisjoint(told) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", told, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(document: Mapping[str, Any]) -> str:
    """A document of plain values, its keys in their order."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
