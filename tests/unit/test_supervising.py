"""What runs beside the requests goes on after whatever goes wrong in it, and says what did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from features.errors import LeadpactError
from serving.storage.database import StoreUnreachable
from serving.supervising import Crew, Supervision, pause
from tests.support.coroutines import finish


class Night:
    """A clock that needs no time: remembers how long everybody slept, and ends after so often."""

    def __init__(self, naps: int) -> None:
        self.slept: list[float] = []
        self.broke: list[str] = []
        self._naps = naps

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self._naps:
            raise asyncio.CancelledError

    def keep(self, step: Callable[[], Awaitable[None]], **options: Any) -> None:
        """Take steps until the night is over."""
        supervision = Supervision(self.broke.append, self.sleep)
        with pytest.raises(asyncio.CancelledError):
            finish(supervision.keep("jobs", step, 1.0, **options))


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as found:
        yield found


def failing(*errors: Exception | None) -> Callable[[], Awaitable[None]]:
    """A step that raises these, one each time, and nothing from then on."""
    left = list(errors)

    async def step() -> None:
        if left and (error := left.pop(0)) is not None:
            raise error

    return step


def test_a_loop_outlives_defects_with_pauses_that_grow_until_it_works_again(lines: list[Any]):
    night = Night(7)
    night.keep(failing(KeyError("x"), OSError(28, "full"), None, TypeError("y")), at_once=True)
    assert night.slept == [2.0, 4.0, 1.0, 2.0, 1.0, 1.0, 1.0]
    assert night.broke == ["jobs"] * 3
    assert [type(line["exc_info"]) for line in lines] == [KeyError, OSError, TypeError]
    assert {(line["event"], line["loop"]) for line in lines} == {("broke beside requests", "jobs")}


def test_what_was_foreseen_is_told_by_its_words_and_counts_as_no_defect(lines: list[Any]):
    gone = StoreUnreachable("The store cannot be reached.")
    gone.add_note("connection refused")
    night = Night(3)
    night.keep(failing(gone, LeadpactError("No model.")))
    assert night.slept == [1.0, 2.0, 4.0]
    assert night.broke == []
    told = [line["error"] for line in lines]
    assert told == ["The store cannot be reached. connection refused", "No model."]
    assert all("exc_info" not in line for line in lines)


def test_a_loop_that_is_told_to_end_ends():
    async def step() -> None:
        raise asyncio.CancelledError

    night = Night(9)
    night.keep(step, at_once=True)
    assert (night.slept, night.broke) == ([], [])


def test_pauses_end_at_half_a_minute_and_slow_loops_keep_their_pace():
    assert [pause(1.0, n) for n in (0, 1, 4, 5, 10**6)] == [1.0, 2.0, 16.0, 30.0, 30.0]
    assert [pause(15.0, n) for n in (0, 1, 2)] == [15.0, 30.0, 30.0]
    assert [pause(3600.0, n) for n in (0, 3)] == [3600.0, 3600.0]


def test_a_crew_has_one_task_of_a_name_and_leaves_none_behind():
    began: list[str] = []
    ended: list[str] = []

    async def whole() -> None:
        crew, go_on = Crew(), asyncio.Event()

        async def task(name: str) -> None:
            began.append(name)
            try:
                await (go_on.wait() if name == "a" else asyncio.sleep(60))
            finally:
                ended.append(name)

        crew.start(["a", "b"], task)
        await asyncio.sleep(0)
        crew.start(["a", "b"], task)
        await asyncio.sleep(0)
        assert sorted(began) == ["a", "b"]
        go_on.set()
        await asyncio.sleep(0.01)
        crew.start(["a"], task)
        await asyncio.sleep(0)
        assert sorted(began) == ["a", "a", "b"]
        await crew.dismiss()

    finish(whole())
    assert sorted(ended) == ["a", "a", "b"]
