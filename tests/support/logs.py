"""A log as the service keeps it, read back line by line."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

import structlog

from serving.logs import log_as_json


@contextmanager
def log_kept(level: str = "info") -> Iterator[io.StringIO]:
    """Log as the service does; how it was done before comes back at the end."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, weight, before = root.handlers[:], root.level, structlog.get_config()
    try:
        with redirect_stderr(written):
            log_as_json(level)
            yield written
    finally:
        logging.captureWarnings(False)
        root.handlers[:], root.level = handlers, weight
        structlog.configure(**before)


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    """What was logged."""
    return [json.loads(line) for line in written.getvalue().splitlines()]
