"""The map with a real worker, a real broker and a real catalogue, and over HTTP."""

from contextlib import suppress

import psutil
import pytest
from sqlalchemy import update

from models.text.tower import DEFAULT_VERSION
from services.catalog.tables import TrackRow
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan
from tests.fakes.installation import installation, wait_until, write_song
from tests.fakes.library import write_library

pytestmark = pytest.mark.timeout(1200)

TRACKS = 80
"""Enough for UMAP."""

FIT_SECONDS = 400
"""A fit has a low priority, so it takes long on a busy machine."""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """An installation with ready tracks, whose model is that of the worker."""
    folder = tmp_path_factory.mktemp("library")
    with installation(folder / "data") as here:
        write_library(here.catalogue, folder / "music", TRACKS)
        with here.catalogue.database.write() as session:
            session.execute(update(TrackRow).values(model_version=DEFAULT_VERSION))
        yield here


def version(here):
    state = here.catalogue.map.state()
    return 0 if state is None else state.version


def fit_processes(worker):
    found = []
    for process in worker.process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found += [process] if "models.layout" in process.cmdline() else []
    return found


def test_a_worker_fits_a_map(library):
    """A worker that starts fits a map of the library without being asked, and names its regions."""
    with library.worker():
        wait_until(lambda: version(library), FIT_SECONDS)
    state = library.catalogue.map.state()

    assert (state.method, state.fitted) == ("umap", TRACKS)
    assert library.catalogue.map.count(state.version) == TRACKS


def test_a_killed_worker_loses_no_request(library):
    """A worker that is killed in mid-fit takes the fit with it; the next worker fits the map that was requested."""
    before = version(library)
    library.catalogue.map.request()
    with library.worker() as worker:
        wait_until(lambda: fit_processes(worker), FIT_SECONDS)
        fit = fit_processes(worker)[0]
        worker.process.kill()
        wait_until(lambda: not fit.is_running() or fit.status() == psutil.STATUS_ZOMBIE)

        assert version(library) == before
        assert library.catalogue.map.is_requested()
    with library.worker("--beat"):
        wait_until(lambda: version(library) > before, FIT_SECONDS)

    assert not library.catalogue.map.is_requested()
    assert library.catalogue.map.count(version(library)) == TRACKS


def test_an_analysed_track_is_on_the_map_at_once(library, tmp_path):
    """A track that becomes ready has a point without a new fit."""
    before = library.catalogue.map.state()
    ids = set(library.catalogue.map.points(before.version).ids)
    write_song(tmp_path / "new.flac", 1)
    with library.worker():
        request_scan(library.catalogue, library.queue, str(tmp_path))
        wait_until(lambda: set(library.catalogue.map.points(before.version).ids) - ids)
    (new,) = set(library.catalogue.map.points(before.version).ids) - ids

    assert library.catalogue.tracks.get(new).status == TrackStatus.READY
    assert version(library) == before.version
