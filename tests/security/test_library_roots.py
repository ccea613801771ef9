"""No client reads what the operator did not name: roots, links, `..`, and links that appear at the wrong moment."""

import os
import threading
import time
from pathlib import Path

import pytest
import soundfile
from pydantic import ValidationError

from services.api.app import create_app
from services.catalog import Catalogue
from services.cli import up
from services.composition import compose
from services.domain.errors import PathNotScannable
from services.domain.job import JobState
from services.domain.track import TrackStatus
from services.ingest.roots import NO_ROOTS, library_roots, named_roots, with_folder
from services.ingest.safe_open import LeadsOut, NotRegular, open_inside
from services.ingest.scan import request_scan, run_scan
from services.ingest.upload import Upload, take_upload
from services.settings import Settings
from tests.fakes.library import write_tone
from tests.fakes.queue import RecordingQueue
from workers.tasks import OUTSIDE, Refusal, analyse_first_readable

EVERYWHERE = "0.0.0.0"  # noqa: S104  a setting, nothing binds


@pytest.fixture
def catalogue(tmp_path):
    opened = Catalogue.open(f"sqlite+pysqlite:///{tmp_path / 'catalogue.db'}")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def music(tmp_path):
    """A root with one track, beside a folder that is nobody's business."""
    (tmp_path / "music").mkdir()
    (tmp_path / "private").mkdir()
    write_tone(tmp_path / "music" / "song.wav", 300)
    write_tone(tmp_path / "private" / "diary.wav", 400)
    return tmp_path / "music"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_on_loopback_any_folder_may_be_scanned(host):
    """Whoever asks from this machine may read the folder anyway."""
    assert library_roots(Settings(host=host)) is None


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.168.1.5", "music.example"])
def test_on_a_network_no_folder_may_be_scanned_unless_named(host, catalogue, music):
    """Without SEGUE_LIBRARY_ROOTS a client from elsewhere gets a reason and no scan."""
    with pytest.raises(PathNotScannable) as refused:
        request_scan(catalogue, RecordingQueue(), str(music), library_roots(Settings(host=host)))

    assert refused.value.detail == NO_ROOTS


def test_where_keys_are_asked_for_no_folder_may_be_scanned_unless_named():
    """Behind a proxy the clients are elsewhere although the service listens here only."""
    assert library_roots(Settings(host="127.0.0.1", require_keys=True)) == ()


def test_named_roots_bind_on_loopback_too(catalogue, music):
    """Once folders are named, no other is scanned, wherever the client is."""
    roots = library_roots(Settings(library_roots=(str(music),)))
    request_scan(catalogue, RecordingQueue(), str(music), roots)

    with pytest.raises(PathNotScannable):
        request_scan(catalogue, RecordingQueue(), str(music.parent), roots)


@pytest.mark.parametrize(
    "path",
    ["{root}/../private", "{root}/link", "{root}/link/diary.wav", "{root}-other", "/etc", "/", "/proc/self/root"],
)
def test_no_way_leads_out(path, catalogue, music):
    """`..`, links, and names that merely begin alike are all refused."""
    (music / "link").symlink_to(music.parent / "private")
    music.with_name("music-other").mkdir()

    with pytest.raises(PathNotScannable):
        request_scan(catalogue, RecordingQueue(), path.format(root=music), (str(music),))


def test_a_refusal_does_not_tell_what_exists(catalogue, music):
    """Outside of the roots a path that exists and one that does not are refused in the same words."""
    reasons = set()
    for name in ("private", "nowhere"):
        with pytest.raises(PathNotScannable) as refused:
            request_scan(catalogue, RecordingQueue(), str(music.parent / name), (str(music),))
        reasons.add(refused.value.detail.replace(name, "…"))

    assert len(reasons) == 1


def test_a_folder_that_became_a_link_is_not_followed_out(catalogue, music):
    """What was asked for inside the roots and leads out of them when its turn comes is a failed job."""
    queue, roots = RecordingQueue(), named_roots(Settings(library_roots=(str(music),)))
    album = music / "album"
    album.mkdir()
    job_id = request_scan(catalogue, queue, str(album), roots)
    album.rmdir()
    album.symlink_to(music.parent / "private")
    run_scan(catalogue, queue, job_id, roots)
    job = catalogue.jobs.get(job_id)

    assert (job.state, job.tracks) == (JobState.FAILED, ())
    assert "SEGUE_LIBRARY_ROOTS" in job.reason


def test_over_http_a_path_outside_is_422(tmp_path, music):
    """The API asks the settings, and the answer is a problem with the reason."""
    services = compose(
        Settings(data_dir=tmp_path / "data", redis_url="redis://127.0.0.1:1/0", library_roots=(str(music),))
    )
    try:
        api = create_app(services).test_client()
        outside = api.post("/v1/scans", json={"path": "/etc"})
        inside = api.post("/v1/scans", json={"path": str(music)})
    finally:
        services.close()

    assert (outside.status_code, outside.json["type"]) == (422, "urn:segue:problem:path-not-scannable")
    assert inside.status_code == 503, "inside, only the broker is missing"


def test_the_operator_may_name_a_folder_where_he_starts_segue(music):
    """`segue up FOLDER` adds its folder where folders have to be named, and closes nothing where they need not."""
    assert with_folder(Settings(host=EVERYWHERE, library_roots=("/mnt",)), music) == ("/mnt", str(music))
    assert with_folder(Settings(), music) == ()


def test_a_folder_that_cannot_be_named_is_refused_before_anything_starts(tmp_path):
    """The parts of Segue would take its halves for two folders; where no folder has to be named, any will do."""
    folder = tmp_path / "a:b"
    folder.mkdir()

    with pytest.raises(PathNotScannable, match="has ':' in its name"):
        up.run(Settings(data_dir=tmp_path / "data", require_keys=True), folder, once=True)
    assert not (tmp_path / "data").exists()
    assert with_folder(Settings(), folder) == ()


def test_roots_are_a_list_of_absolute_folders(monkeypatch):
    """They come as PATH does; a relative one would depend on where Segue was started."""
    monkeypatch.setenv("SEGUE_LIBRARY_ROOTS", "/music:/mnt/more music")

    assert Settings().library_roots == ("/music", "/mnt/more music")
    with pytest.raises(ValidationError):
        Settings(library_roots=("Music",))


def test_only_regular_files_inside_are_opened(music):
    """A link out, a link loop, a pipe, a device and a folder are refused, and a pipe is not waited for."""
    places = {"out": music.parent / "private" / "diary.wav", "loop": music / "loop", "inside": music / "song.wav"}
    for name, target in places.items():
        (music / name).symlink_to(target)
    (music / "null").symlink_to("/dev/null")
    os.mkfifo(music / "pipe")
    (music / "folder.mp3").mkdir()
    refusals = {"out": LeadsOut, "loop": OSError, "null": NotRegular, "pipe": NotRegular, "folder.mp3": NotRegular}

    for name, refusal in refusals.items():
        with pytest.raises(refusal):
            open_inside(str(music / name), str(music))
    opened, real = open_inside(str(music / "inside"), str(music))
    opened.close()

    assert real == str(music / "song.wav")


def test_a_link_swapped_in_while_files_are_opened_never_leads_out(music):
    """However often a file is replaced by a link meanwhile, what is opened lies inside or is refused."""
    honest, link, place = music / "honest", music / "link", music / "place.wav"
    write_tone(honest, 500)
    os.link(honest, place)
    done = threading.Event()

    def swap():
        while not done.is_set():
            link.symlink_to(music.parent / "private" / "diary.wav")
            link.replace(place)
            os.link(honest, link)
            link.replace(place)

    swapping = threading.Thread(target=swap)
    swapping.start()
    refused, inodes = 0, []
    try:
        deadline = time.monotonic() + 60
        while min(refused, len(inodes)) < 50 and time.monotonic() < deadline:
            try:
                opened, _ = open_inside(str(place), str(music))
            except LeadsOut:
                refused += 1
            else:
                with opened:
                    inodes.append(os.fstat(opened.fileno()).st_ino)
    finally:
        done.set()
        swapping.join()

    assert min(refused, len(inodes)) >= 50
    assert set(inodes) == {honest.stat().st_ino}


def test_sounds_outside_are_never_taken_in(catalogue, music):
    """A scan of a folder with links out of it names them as failures and takes in what is its own."""
    (music / "diary.wav").symlink_to(music.parent / "private" / "diary.wav")
    (music / "all").symlink_to(music.parent)
    soundfile.write(music / "own.flac", [0.1] * 8000, 8000)
    queue = RecordingQueue()
    job_id = request_scan(catalogue, queue, str(music))
    run_scan(catalogue, queue, job_id)
    job = catalogue.jobs.get(job_id)

    assert {Path(failure.path).name for failure in job.failures} == {"diary.wav", "all"}
    assert len(job.tracks) == 2


def test_a_wider_root_of_earlier_scans_lends_no_way_out(catalogue, music):
    """Once the folders are narrowed, links are followed as far as they reach, not as far as the root from before."""
    scan(catalogue, music.parent)
    (music / "link.wav").symlink_to("../private/diary.wav")
    (music / "again.wav").symlink_to("song.wav")
    job = scan(catalogue, music, (str(music),))

    assert [Path(failure.path).name for failure in job.failures] == ["link.wav"]
    assert {job.failures[0].path} & set(catalogue.library.known_files(str(music))) == set()
    assert str(music / "again.wav") in catalogue.library.known_files(str(music))


def test_what_lies_outside_by_now_is_neither_played_nor_analysed(tmp_path, music):
    """The catalogue knows files from when more was named: they are as good as gone; uploads are not."""
    (music / "link.wav").symlink_to("../private/diary.wav")
    narrow = Settings(data_dir=tmp_path / "data", redis_url="redis://127.0.0.1:1/0", library_roots=(str(music),))
    services = compose(narrow)
    try:
        scan(services.catalogue, music.parent)
        services.catalogue.library.forget_files([str(tmp_path / "private" / "diary.wav")])  # the link holds it alone
        with (tmp_path / "sent.wav").open("w+b") as sent:
            write_tone(tmp_path / "sent.wav", 700)
            take_upload(
                services.catalogue, RecordingQueue(), Upload(sent, "x.wav"), folder=narrow.uploads_path, max_bytes=10**7
            )
        api = create_app(services).test_client()
        answers = {}
        for track in services.catalogue.tracks.page(limit=10).tracks:
            files = services.catalogue.tracks.files(track.id)
            answers[Path(files[0].path).parent.name, Path(files[0].path).name] = (
                api.get(f"/v1/tracks/{track.id}/audio").status_code,
                files,
            )
    finally:
        services.close()
    link = answers.pop(("music", "link.wav"))

    assert sorted(status for status, _ in answers.values()) == [200, 200], answers
    assert link[0] == 404
    assert analyse_first_readable(link[1], (str(music),)) == Refusal(OUTSIDE, TrackStatus.MISSING)


def scan(catalogue, folder, roots=None):
    queue = RecordingQueue()
    job_id = request_scan(catalogue, queue, str(folder), roots)
    run_scan(catalogue, queue, job_id, roots)
    return catalogue.jobs.get(job_id)
