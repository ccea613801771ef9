"""A model upgrade without anybody: an API process compares and answers, a worker switches and deletes."""

from contextlib import closing
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import update

from models.text.tower import DEFAULT_VERSION as TOWER
from services.catalog.database import now
from services.catalog.space_analyses import store_beside
from services.catalog.tables import SpaceRow
from services.composition import compose
from services.domain.track import EMBEDDING_DIM, Analysis, TrackStatus
from services.domain.vector_index import Query
from services.settings import load_settings
from tests.fakes.installation import wait_until
from tests.fakes.library import track_id, unit_vector
from tests.fakes.queue import RecordingQueue
from tests.fakes.rows import write_tracks
from workers.lifecycle import ChildContext
from workers.spaces import tend

NEXT = "rotated-2"
COUNT = 200
"""Fewer are not enough to carry words, without which no space is served by itself."""
ROTATION = np.linalg.qr(np.random.default_rng(3).normal(size=(EMBEDDING_DIM, EMBEDDING_DIM)))[0].astype(np.float32)


@pytest.fixture
def settings(catalogue, tmp_path, monkeypatch):
    """The settings of an owner who wants automatic switches, and spaces to be kept for three days."""
    url = catalogue.database.engine.url.render_as_string(hide_password=False)
    variables = {"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1"}
    for name, value in {**variables, "MODEL_SWITCH": "automatic", "MODEL_KEEP_DAYS": "3"}.items():
        monkeypatch.setenv(f"SEGUE_{name}", value)
    return load_settings()


def write_both_spaces(catalogue):
    """Write ready tracks, whose analyses with the next model wait for no one."""
    ready = {"model_version": TOWER, "status": TrackStatus.READY, "revision": 1, "index_pending": True, "attempts": 0}
    vectors = [unit_vector(number) for number in range(COUNT)]
    with catalogue.database.write() as session:
        rows = [
            {"id": track_id(number), "title": "T", "embedding": vector.tobytes(), "added_at": now(), **ready}
            for number, vector in enumerate(vectors)
        ]
        write_tracks(session, rows)
    catalogue.spaces.adopt(TOWER)
    catalogue.spaces.begin(NEXT)
    with catalogue.database.write() as session:
        for number, vector in enumerate(vectors):
            store_beside(session, track_id(number), Analysis(vector @ ROTATION, 0.0, {}, {}, {}, NEXT))
    assert catalogue.space_analyses.finish(NEXT)


def leave_first_space(catalogue, days):
    """Let the first space have been left some days ago."""
    with catalogue.database.write() as session:
        left = {"left_at": now() - timedelta(days=days)}
        session.execute(update(SpaceRow).where(SpaceRow.model_version == TOWER).values(left))


def test_a_library_is_switched_and_cleared_by_itself(catalogue, settings, tmp_path):
    """The next space is compared and served; after `SEGUE_MODEL_KEEP_DAYS` the old one goes, with its index files."""
    write_both_spaces(catalogue)
    worker = ChildContext(settings, catalogue, RecordingQueue())
    indexes = {TOWER: tmp_path / "index", NEXT: tmp_path / f"index@{NEXT}"}

    def spaces():
        tend(worker)
        return [space.model_version for space in catalogue.space_store.all()]

    with closing(compose(settings)) as services:

        def score():
            """The score of a track for its own vector of the next space: 1 only in the index of that space."""
            asked = Query(unit_vector(0) @ ROTATION, 1)
            [[found]] = services.index.query([asked])
            return found.score

        before = spaces()
        wait_until(lambda: spaces()[0] == NEXT)
        switched = catalogue.space_store.get(NEXT)
        wait_until(lambda: services.catalogue.spaces.latest().served == NEXT)
        own = score()
        both = [path.exists() for path in indexes.values()]
        leave_first_space(catalogue, days=2)
        kept = spaces()
        leave_first_space(catalogue, days=4)
        left = spaces()
        wait_until(lambda: not indexes[TOWER].exists())
        after = score()

    assert (before, switched.comparison["carries_words"], switched.failed) == ([TOWER, NEXT], True, 0)
    assert own == after == pytest.approx(1, abs=1e-3)
    assert both == [True, True]
    assert (kept, left) == ([NEXT, TOWER], [NEXT])
    assert catalogue.tracks.count_by_status()[TrackStatus.READY] == COUNT
