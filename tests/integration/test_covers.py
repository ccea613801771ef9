"""Covers over HTTP, in scans and in a real worker process."""

import re

import mutagen
import pytest

from services.covers.files import CoverFiles, CoverSize
from services.domain.job import JobState
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan, run_scan
from services.tasks.queue import COVERS_TASK
from tests.fakes.covers import BLUE, GREEN, RED, colour_of, embed, jpeg, write_beside
from tests.fakes.installation import installation, wait_until, write_song
from tests.fakes.library import track_id
from tests.fakes.queue import RecordingQueue
from workers.app import app as celery_app

SVG, WEBP = "image/svg+xml", "image/webp"
COVER = "ab" * 16


@pytest.fixture
def pictured(services):
    """The id of a track with a cover, of the content `96`, `320` and `640`."""
    song = track_id(3)
    files = CoverFiles(services.settings.covers_path)
    files.write(COVER, {size: str(size).encode() for size in CoverSize})
    services.catalogue.covers.record(song, COVER, "-")
    yield song
    services.catalogue.covers.record(song, None, "-")


def test_a_cover_is_sent_in_the_wanted_size(api, pictured):
    """With a strong validator, for a long time; an external id works too."""
    answers = [api.get(f"/v1/tracks/test:3/cover{query}") for query in ("", "?size=96", "?size=640")]

    assert [answer.data for answer in answers] == [b"320", b"96", b"640"]
    assert {answer.content_type for answer in answers} == {WEBP}
    assert len({answer.headers["ETag"] for answer in answers}) == 3
    assert "private" in answers[0].headers["Cache-Control"]
    assert "stale-while-revalidate" in answers[0].headers["Cache-Control"]
    assert api.get(f"/v1/tracks/{pictured}").json["has_cover"] is True


def test_a_current_copy_is_not_sent_again(api, pictured):
    """304 for the same validator, 200 for an older one."""
    tag = api.get(f"/v1/tracks/{pictured}/cover").headers["ETag"]
    answer = api.get(f"/v1/tracks/{pictured}/cover", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.data) == (304, b"")
    assert api.get(f"/v1/tracks/{pictured}/cover", headers={"If-None-Match": '"old"'}).status_code == 200


def test_a_track_without_a_picture_has_a_drawing(api, services):
    """The drawing is kept briefly until a worker has looked for a picture, and long after that."""
    song = track_id(5)
    before = api.get(f"/v1/tracks/{song}/cover")
    services.catalogue.covers.record(song, None, "-")
    after = api.get(f"/v1/tracks/{song}/cover")

    assert (before.status_code, before.content_type) == (200, SVG)
    assert before.data == after.data
    assert before.headers["ETag"] == after.headers["ETag"]
    assert before.headers["Cache-Control"] == "private, max-age=20"
    assert "stale-while-revalidate" in after.headers["Cache-Control"]
    assert api.get(f"/v1/tracks/{song}").json["has_cover"] is False
    assert api.get("/v1/tracks/none/cover").status_code == 404


@pytest.mark.parametrize("kind", ["album", "artist"])
def test_albums_and_artists_have_the_most_frequent_picture_or_a_drawing(api, services, pictured, kind):
    """Tracks 3, 7, 11 … are one album by one artist; the drawing of their mean is none of theirs."""
    group = api.get(f"/v1/tracks/{pictured}").json[f"{kind}_id"]
    with_picture = api.get(f"/v1/{kind}s/{group}/cover?size=96")
    services.catalogue.covers.record(pictured, None, "-")
    drawn = api.get(f"/v1/{kind}s/{group}/cover?size=96")

    assert (with_picture.content_type, with_picture.data) == (WEBP, b"96")
    assert drawn.content_type == SVG
    assert drawn.data not in {api.get(f"/v1/tracks/test:{number}/cover").data for number in range(24)}
    assert api.get(f"/v1/{kind}s/none/cover").status_code == 404


def test_a_deleted_file_of_a_cover_is_made_again(api, services, pictured):
    """Someone emptied the folder: the answer is the drawing, and workers look again."""
    for size in CoverSize:
        CoverFiles(services.settings.covers_path).path(COVER, size).unlink()

    assert api.get(f"/v1/tracks/{pictured}/cover").content_type == SVG
    assert pictured in services.catalogue.covers.due(100)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An installation with a worker, shared because loading torch takes seconds."""
    with installation(tmp_path_factory.mktemp("covers") / "data") as here, here.worker():
        yield here


def scanned(here, folder):
    """Scan a folder, and wait until its tracks are analysed and their covers are looked for."""
    job_id = request_scan(here.catalogue, here.queue, str(folder))
    wait_until(lambda: here.catalogue.jobs.get(job_id).state == JobState.DONE)
    wait_until(lambda: not here.catalogue.covers.due(1))
    return [here.catalogue.library.known_files(str(folder))[path].track_id for path in sorted(known(here, folder))]


def known(here, folder):
    return here.catalogue.library.known_files(str(folder))


def colour(here, song):
    [face] = here.catalogue.covers.faces([song])
    if face.cover is None:
        return None
    return colour_of(CoverFiles(here.settings.covers_path).path(face.cover, CoverSize.ROW).read_bytes())


def test_a_scan_finds_covers_and_notices_their_changes(served, tmp_path):
    """After the analysis; when a picture beside a file comes, changes or goes; and when the one inside changes."""
    folder = tmp_path / "album"
    write_song(folder / "a.flac", 1)
    embed(write_song(folder / "b.flac", 2), jpeg(RED))
    first = scanned(served, folder)
    assert [colour(served, song) for song in first] == [None, RED]

    write_beside(folder, "Folder.png", BLUE)
    assert scanned(served, folder) == first
    assert [colour(served, song) for song in first] == [BLUE, RED]

    write_beside(folder, "Folder.png", GREEN)
    embed(folder / "b.flac", jpeg(BLUE, 300, 300))
    assert scanned(served, folder) == first
    assert [colour(served, song) for song in first] == [GREEN, BLUE]

    (folder / "Folder.png").unlink()
    embedded = mutagen.File(folder / "b.flac")
    embedded.clear_pictures()
    embedded.save()
    assert scanned(served, folder) == first
    assert [colour(served, song) for song in first] == [None, None]


def test_a_track_that_was_never_looked_at_is_found_by_the_periodic_task(served, tmp_path):
    """As in a library of an earlier version, and after a worker died between an analysis and the cover."""
    folder = tmp_path / "old"
    write_song(folder / "a.flac", 7)
    [song] = scanned(served, folder)
    write_beside(folder, "cover.jpg", GREEN)
    served.catalogue.covers.look_again([song])
    served.queue.covers()

    wait_until(lambda: not served.catalogue.covers.due(1))
    assert colour(served, song) == GREEN


def test_a_hostile_picture_does_not_fail_its_track(served, tmp_path):
    """The track is ready without a cover, and the log has the reason."""
    folder = tmp_path / "hostile"
    write_song(folder / "a.flac", 8)
    (folder / "cover.jpg").write_bytes(b"\xff\xd8\xff" + bytes(500))
    [song] = scanned(served, folder)

    assert served.catalogue.tracks.get(song).status == TrackStatus.READY
    assert colour(served, song) is None
    assert re.search(f"cover_refused.*{song}|{song}.*cover_refused", served.worker_log.read_text())


def test_a_scan_marks_only_what_changed(catalogue, tmp_path):
    """A rescan without changes looks for no cover, and asks the workers once."""
    queue = RecordingQueue()
    write_song(tmp_path / "a.flac", 1)
    for _ in range(2):
        run_scan(catalogue, queue, request_scan(catalogue, queue, str(tmp_path)))
        for song in queue.analyses:
            catalogue.analyses.refuse(song, "no matter")
        for song in catalogue.covers.due(10):
            catalogue.covers.record(song, None, "-")

    assert catalogue.covers.due(10) == []
    assert queue.searches_for_covers == 2


def test_the_task_is_in_the_schedule():
    """Each minute for covers, each hour for those that no track uses."""
    periods = {entry["task"]: entry["schedule"] for entry in celery_app.conf.beat_schedule.values()}
    assert periods[COVERS_TASK] == 60
    assert periods["segue.sweep_covers"] == 3600
