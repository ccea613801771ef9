"""The progress of index builds, on SQLite and on PostgreSQL."""

from datetime import timedelta

from sqlalchemy import text

from services.catalog import index_builds
from services.catalog.index_builds import BuildPhase
from services.domain.vector_index import PICTURES, TRACKS


def test_a_build_shows_its_phases(catalogue):
    """Each phase is visible as soon as it begins, with an estimate that includes the phases after it."""
    report = catalogue.index_builds.begin(TRACKS.name, 1000)
    running = catalogue.index_builds.running()
    assert (running.collection, running.phase, running.done, running.total) == ("tracks", BuildPhase.FILL, 0, 1000)
    assert running.seconds_left is None

    report.show(BuildPhase.GRAPH, 0, seconds_left=100.0, then=5.0)
    running = catalogue.index_builds.running()
    assert (running.phase, running.seconds_left) == (BuildPhase.GRAPH, 105.0)

    catalogue.index_builds.settle(TRACKS.name, 7)
    assert catalogue.index_builds.running() is None
    assert catalogue.index_builds.all() == []
    assert catalogue.index_builds.served(TRACKS.name) == 7
    assert catalogue.index_builds.served(PICTURES.name) is None


def test_a_failed_build_says_why_until_the_next_begins(catalogue):
    """It does not count as running."""
    report = catalogue.index_builds.begin(TRACKS.name, 10)
    report.fail("Too little memory.")
    assert catalogue.index_builds.running() is None
    assert [build.problem for build in catalogue.index_builds.all()] == ["Too little memory."]

    catalogue.index_builds.begin(TRACKS.name, 10)
    assert catalogue.index_builds.running().problem is None
    catalogue.index_builds.drop(TRACKS.name)
    assert catalogue.index_builds.all() == []


def test_a_silent_build_is_dead(catalogue, monkeypatch):
    """A builder that was killed reports nothing any more."""
    monkeypatch.setattr(index_builds, "SILENT_AFTER", timedelta(0))
    catalogue.index_builds.begin(TRACKS.name, 10)

    assert catalogue.index_builds.running() is None


def test_a_build_does_not_depend_on_its_report(sqlite_catalogue):
    """Progress that cannot be written is logged and nothing more."""
    report = sqlite_catalogue.index_builds.begin(TRACKS.name, 10)
    with sqlite_catalogue.database.write() as session:
        session.execute(text("DROP TABLE meta"))

    report.show(BuildPhase.SWAP, 10)
