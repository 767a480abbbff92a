"""What is logged is one JSON object a line, and holds no secret whatever was said."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import pytest
import structlog

from serving.logs import cut
from tests.support.logs import lines, log_kept

LOG: Any = structlog.get_logger("leadpact")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged during the test."""
    with log_kept() as found:
        yield found


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "postgresql://leadpact:tr0ub4dor@db.example/leadpact",
            "postgresql://leadpact:…@db.example/leadpact",
        ),
        ("connect password=tr0ub4dor host=db", "connect password=… host=db"),
        ("Authorization: Bearer lpk_0011223344556677_" + "a" * 43, "Authorization: Bearer …"),
        ("the key lpk_0011223344556677_" + "b" * 43 + " is old", "the key lpk_… is old"),
        ("GET /link/" + "c" * 43, "GET /link/…"),
        ("Key (email)=(ines.duarte@example.com) exists", "Key (email)=(…@example.com) exists"),
        ("nothing to hide: 42 of 43", "nothing to hide: 42 of 43"),
    ],
)
def test_what_looks_like_a_secret_or_an_address_is_cut_out(said: str, told: str):
    assert cut(said) == told


@pytest.mark.parametrize("hostile", ["a" * 10**6, "a." * 10**6, "://a:" * 10**5, "token" * 10**5])
def test_a_huge_text_neither_holds_up_the_log_nor_fills_it(hostile: str):
    began = perf_counter()
    assert len(cut(hostile)) < 25_000
    # Not a measure of speed: a pattern that goes over the text again and again takes minutes.
    assert perf_counter() - began < 5


def test_a_traceback_is_one_line_without_the_secret_in_it(written: io.StringIO):
    try:
        raise ValueError("no user ines.duarte@example.com")
    except ValueError as error:
        LOG.error("failed", exc_info=error)
    [line] = lines(written)
    assert line["event"] == "failed"
    assert line["level"] == "error"
    assert 'raise ValueError("no user' in line["exception"]
    assert "ines.duarte" not in line["exception"]


def test_libraries_and_warnings_are_told_in_the_same_form(written: io.StringIO):
    logging.getLogger("uvicorn.error").warning("for %s", "bob@example.com")
    logging.getLogger("uvicorn.error").info("too light to be told")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)
    first, second = lines(written)
    assert (first["logger"], first["event"]) == ("uvicorn.error", "for …@example.com")
    assert "old" in second["event"]


def test_every_line_says_which_request_it_belongs_to(written: io.StringIO):
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        LOG.info("ours")
        logging.getLogger("a.library").error("theirs")
    LOG.info("nobody's")
    assert [line.get("request_id") for line in lines(written)] == ["r-1", "r-1", None]
