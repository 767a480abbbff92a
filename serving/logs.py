"""Structured lines on standard error: one JSON object each, of the service and of its libraries.

Every line of a request carries its id. What looks like a secret or an e-mail address is cut out of
whatever is logged: no line of ours holds one on purpose, and an error's text may quote anything.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_CUT = "\N{HORIZONTAL ELLIPSIS}"
_LONGEST = 20_000
"""Characters of one text; of a longer traceback the beginning and the end are what is read."""
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A password inside a URL: RFC 3986, 3.2.1.
    (re.compile(r"(?<=://)([^\s:/@]*):[^\s/]*(?=@)"), rf"\1:{_CUT}"),
    (
        re.compile(r"(?i)\b(password|passwd|secret|token|key)(['\"]?\s*[=:]\s*['\"]?)[^\s'\",&}]+"),
        rf"\1\2{_CUT}",
    ),
    (re.compile(r"(?i)\bbearer\s+[^\s'\",]+"), f"Bearer {_CUT}"),
    (re.compile(r"\blpk_\w+[\w.-]*"), f"lpk_{_CUT}"),
    # 256 bits as `serving.access.secrets` tells them: sessions, one-time links, new keys.
    (re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])"), _CUT),
    (re.compile(r"(?<![\w.+%-])[\w.+%-]+@(?=[\w-]+(\.[\w-]+)+)"), f"{_CUT}@"),
)


def log_as_json(level: str) -> None:
    """Log so from now on, from `level` up; libraries from warnings up."""
    at_least = logging.getLevelNamesMapping()[level.upper()]
    common: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    told: list[Any] = [without_secrets, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*common, *told],
        wrapper_class=structlog.make_filtering_bound_logger(at_least),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common], processors=[drop, *told]
        )
    )
    logging.basicConfig(level=max(at_least, logging.WARNING), handlers=[handler], force=True)
    logging.captureWarnings(True)


def without_secrets(
    _logger: Any, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The line, with everything cut out of its texts that looks like a secret or an address."""
    return {k: cut(v) if isinstance(v, str) else v for k, v in line.items()}


def cut(text: str) -> str:
    """`text` without what looks like a secret or an e-mail address, and no longer than needed."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n{_CUT}\n{text[-_LONGEST // 2 :]}"
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text
