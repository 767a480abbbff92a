"""A champion whose bundle is damaged after its promotion: the model before it answers on, keeps
scores fresh, and notices silence; and whoever is merely behind undoes nobody's work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from models.bundle import load, save
from models.workspace import Workspace
from serving.keeping_fresh import keep_fresh
from serving.noticing import MODEL, notice_versions
from serving.record import Record
from serving.state import Desk
from serving.storage.jobs_tables import marks
from serving.storage.marks import move_mark
from serving.storage.tables import leads
from serving.supervising import Supervision
from tests.support.access import Clock
from tests.support.coroutines import finish
from tests.support.service import make_worker

DAY = np.timedelta64(1, "D")


class Enough(BaseException):
    """Ends a loop that nothing else ends."""


@dataclass
class House:
    """A worker with a stale lead, in a workspace whose champion is promoted away from it."""

    desk: Desk
    workspace: Workspace
    clock: Clock

    @property
    def stale(self) -> bool:
        with self.desk.now.database.reading() as connection:
            return bool(connection.execute(select(leads.c.stale)).scalar_one())

    @property
    def feed(self) -> str | None:
        with self.desk.now.database.reading() as connection:
            query = select(marks.c.value).where(marks.c.name == "feed")
            return connection.execute(query).scalar_one_or_none()

    def promote_another(self, *, damaged: bool) -> str:
        """The champion with another card; where it is damaged, a byte of it is lost."""
        bundle, _ = load(self.workspace.champion())
        half = self.workspace.home / "bundles" / "half"
        versions = save(replace(bundle, card=bundle.card | {"note": "another"}), half)
        folder = self.workspace.bundle(versions.model)
        half.rename(folder)
        if damaged:
            largest = max(folder.iterdir(), key=lambda file: file.stat().st_size)
            largest.write_bytes(largest.read_bytes()[:-1])
        self.workspace.set_champion(versions.model, "2")
        return versions.model

    def sweep_once(self) -> list[str]:
        """One step of the loop; what broke in it."""
        broke: list[str] = []

        async def stop(_seconds: float) -> None:
            if naps:
                raise Enough
            naps.append(_seconds)

        naps: list[float] = []
        with pytest.raises(Enough):
            finish(keep_fresh(Supervision(broke.append, stop), self.desk, self.workspace, 60))
        return broke


@pytest.fixture
def house(trained: Workspace, tmp_path: Path) -> Iterator[House]:
    left_out = shutil.ignore_patterns("store.db*", "mlart*")
    shutil.copytree(trained.folder, tmp_path / "halden", ignore=left_out)
    workspace, clock = Workspace(tmp_path / "halden"), Clock()
    worker = replace(make_worker(workspace), clock=clock)
    with worker.database.transaction() as connection:
        Record(connection, worker.scorer, clock()).put_lead("L1", {"employees": 30}, None)
        connection.execute(update(leads).values(stale=True))
        notice_versions(connection, worker.scorer.versions, clock())
        move_mark(connection, "feed", "heard", 0)
    clock.now = clock.now + 3 * DAY
    yield House(Desk(worker), workspace, clock)
    worker.database.close()


def test_where_the_champion_cannot_be_read_the_model_that_answers_keeps_scores_fresh(house: House):
    house.promote_another(damaged=True)
    assert house.sweep_once() == []
    assert (house.stale, house.feed) == (False, "silent")


def test_where_the_word_of_who_is_champion_is_damaged_too(house: House):
    (house.workspace.home / "champion.json").write_text("{", encoding="utf-8")
    assert house.sweep_once() == []
    assert (house.stale, house.feed) == (False, "silent")


def test_who_is_merely_behind_leaves_the_sweep_to_others_and_notices_silence(house: House):
    house.promote_another(damaged=False)
    assert house.sweep_once() == []
    assert (house.stale, house.feed) == (True, "silent")


def test_a_champion_damaged_after_another_process_took_it_up_is_that_ones_to_sweep_with(
    house: House,
):
    model = house.promote_another(damaged=True)
    with house.desk.now.database.transaction() as connection:
        move_mark(connection, MODEL, model, 1)
    assert house.sweep_once() == []
    assert (house.stale, house.feed) == (True, "silent")
