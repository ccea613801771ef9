"""Clients cannot read files outside the library roots, whether through links, `..` or links that change meanwhile."""

import os
import threading
import time
from pathlib import Path

import pytest
import soundfile
from pydantic import ValidationError

from services.api.app import create_app
from services.cli import up
from services.composition import compose
from services.domain.errors import PathNotScannable
from services.domain.failure import FailureKind
from services.domain.job import JobState
from services.domain.track import TrackStatus
from services.ingest.roots import (
    NO_ROOTS,
    NotARegularFile,
    OutsideLibrary,
    configured_roots,
    open_inside,
    roots_with_folder,
    scannable_roots,
)
from services.ingest.scan import ScanRules, request_scan, run_scan
from services.ingest.upload import Upload, store_upload
from services.settings import Settings
from tests.fakes.library import write_tone
from tests.fakes.queue import RecordingQueue
from workers.analysis import OUTSIDE, Refusal, analyse_first_readable

EVERYWHERE = "0.0.0.0"  # noqa: S104  a setting, nothing binds


@pytest.fixture
def music(tmp_path):
    """A library root with one track, next to a private folder."""
    (tmp_path / "music").mkdir()
    (tmp_path / "private").mkdir()
    write_tone(tmp_path / "music" / "song.wav", 300)
    write_tone(tmp_path / "private" / "diary.wav", 400)
    return tmp_path / "music"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_on_loopback_any_folder_may_be_scanned(host):
    """Clients on this machine can read the folders anyway."""
    assert scannable_roots(Settings(host=host)) is None


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.168.1.5", "music.example"])
def test_on_a_network_no_folder_may_be_scanned_unless_named(host, catalogue, music):
    """Without SEGUE_LIBRARY_ROOTS a client on the network gets an error and no scan."""
    with pytest.raises(PathNotScannable) as refused:
        request_scan(catalogue, RecordingQueue(), str(music), scannable_roots(Settings(host=host)))

    assert refused.value.detail == NO_ROOTS


def test_where_keys_are_required_no_folder_may_be_scanned_unless_named():
    """Behind a proxy clients come from the network although the service listens on loopback."""
    assert scannable_roots(Settings(host="127.0.0.1", require_keys=True)) == ()


def test_configured_roots_apply_on_loopback_too(catalogue, music):
    """If folders are configured, no other folder can be scanned, wherever the client is."""
    roots = scannable_roots(Settings(library_roots=(str(music),)))
    request_scan(catalogue, RecordingQueue(), str(music), roots)

    with pytest.raises(PathNotScannable):
        request_scan(catalogue, RecordingQueue(), str(music.parent), roots)


@pytest.mark.parametrize(
    "path",
    ["{root}/../private", "{root}/link", "{root}/link/diary.wav", "{root}-other", "/etc", "/", "/proc/self/root"],
)
def test_paths_outside_the_roots_are_refused(path, catalogue, music):
    """`..`, links, and folders whose names only start like a root are refused."""
    (music / "link").symlink_to(music.parent / "private")
    music.with_name("music-other").mkdir()

    with pytest.raises(PathNotScannable):
        request_scan(catalogue, RecordingQueue(), path.format(root=music), (str(music),))


def test_a_refusal_does_not_reveal_whether_a_path_exists(catalogue, music):
    """Outside the roots, existing and missing paths get the same message."""
    reasons = set()
    for name in ("private", "nowhere"):
        with pytest.raises(PathNotScannable) as refused:
            request_scan(catalogue, RecordingQueue(), str(music.parent / name), (str(music),))
        reasons.add(refused.value.detail.replace(name, "…"))

    assert len(reasons) == 1


def test_a_folder_that_became_a_link_is_not_followed_out(catalogue, music):
    """A job fails if its folder was replaced by a link out of the roots before the scan."""
    queue, roots = RecordingQueue(), configured_roots(Settings(library_roots=(str(music),)))
    album = music / "album"
    album.mkdir()
    job_id = request_scan(catalogue, queue, str(album), roots)
    album.rmdir()
    album.symlink_to(music.parent / "private")
    run_scan(catalogue, queue, job_id, ScanRules(roots))
    job = catalogue.jobs.get(job_id)

    assert (job.state, job.tracks) == (JobState.FAILED, ())
    assert "SEGUE_LIBRARY_ROOTS" in job.reason


def test_over_http_a_path_outside_is_422(tmp_path, music):
    """The API applies SEGUE_LIBRARY_ROOTS and returns a problem document."""
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
    assert inside.status_code == 503, "inside the roots, the request fails only at the broker"


def test_segue_up_adds_its_folder_to_the_roots(music):
    """`segue up FOLDER` adds its folder if roots are required, and restricts nothing if they are not."""
    assert roots_with_folder(Settings(host=EVERYWHERE, library_roots=("/mnt",)), music) == ("/mnt", str(music))
    assert roots_with_folder(Settings(), music) == ()


def test_a_folder_with_a_separator_in_its_name_is_refused_before_anything_starts(tmp_path):
    """The setting would split the name in two; where no roots are required, the folder works."""
    folder = tmp_path / "a:b"
    folder.mkdir()

    with pytest.raises(PathNotScannable, match="has ':' in its name"):
        up.run(Settings(data_dir=tmp_path / "data", require_keys=True), folder, once=True)
    assert not (tmp_path / "data").exists()
    assert roots_with_folder(Settings(), folder) == ()


def test_roots_are_a_list_of_absolute_folders(monkeypatch):
    """The variable is split like PATH; relative folders are refused."""
    monkeypatch.setenv("SEGUE_LIBRARY_ROOTS", "/music:/mnt/more music")

    assert Settings().library_roots == ("/music", "/mnt/more music")
    with pytest.raises(ValidationError):
        Settings(library_roots=("Music",))


def test_only_regular_files_inside_are_opened(music):
    """A link out, a link loop, a pipe, a device and a folder are refused without blocking."""
    places = {"out": music.parent / "private" / "diary.wav", "loop": music / "loop", "inside": music / "song.wav"}
    for name, target in places.items():
        (music / name).symlink_to(target)
    (music / "null").symlink_to("/dev/null")
    os.mkfifo(music / "pipe")
    (music / "folder.mp3").mkdir()
    refusals = {"out": OutsideLibrary, "loop": OSError} | dict.fromkeys(["null", "pipe", "folder.mp3"], NotARegularFile)

    for name, refusal in refusals.items():
        with pytest.raises(refusal):
            open_inside(str(music / name), str(music))
    opened, real = open_inside(str(music / "inside"), str(music))
    opened.close()

    assert real == str(music / "song.wav")


def test_a_link_that_replaces_a_file_while_it_is_opened_never_leads_out(music):
    """While another thread swaps a file and a link, each open returns the file inside or refuses."""
    original, link, place = music / "original", music / "link", music / "place.wav"
    write_tone(original, 500)
    os.link(original, place)
    done = threading.Event()

    def swap():
        while not done.is_set():
            link.symlink_to(music.parent / "private" / "diary.wav")
            link.replace(place)
            os.link(original, link)
            link.replace(place)

    swapping = threading.Thread(target=swap)
    swapping.start()
    refused, inodes = 0, []
    try:
        deadline = time.monotonic() + 60
        while min(refused, len(inodes)) < 50 and time.monotonic() < deadline:
            try:
                opened, _ = open_inside(str(place), str(music))
            except OutsideLibrary:
                refused += 1
            else:
                with opened:
                    inodes.append(os.fstat(opened.fileno()).st_ino)
    finally:
        done.set()
        swapping.join()

    assert min(refused, len(inodes)) >= 50
    assert set(inodes) == {original.stat().st_ino}


def test_files_outside_are_never_registered(catalogue, music):
    """A scan reports links out of the folder as failures and registers the files inside."""
    (music / "diary.wav").symlink_to(music.parent / "private" / "diary.wav")
    (music / "all").symlink_to(music.parent)
    soundfile.write(music / "own.flac", [0.1] * 8000, 8000)
    queue = RecordingQueue()
    job_id = request_scan(catalogue, queue, str(music))
    run_scan(catalogue, queue, job_id)
    job = catalogue.jobs.get(job_id)

    assert {Path(failure.path).name for failure in job.failures} == {"diary.wav", "all"}
    assert len(job.tracks) == 2


def test_a_wider_root_of_an_earlier_scan_does_not_apply(catalogue, music):
    """Links may lead only as far as the roots that are configured now."""
    scan(catalogue, music.parent)
    (music / "link.wav").symlink_to("../private/diary.wav")
    (music / "again.wav").symlink_to("song.wav")
    job = scan(catalogue, music, (str(music),))

    assert [Path(failure.path).name for failure in job.failures] == ["link.wav"]
    assert {job.failures[0].path} & set(catalogue.library.known_files(str(music))) == set()
    assert str(music / "again.wav") in catalogue.library.known_files(str(music))


def test_files_that_are_outside_now_are_neither_played_nor_analysed(tmp_path, music):
    """Files that were scanned under wider roots are treated as missing; uploads stay available."""
    (music / "link.wav").symlink_to("../private/diary.wav")
    narrow = Settings(data_dir=tmp_path / "data", redis_url="redis://127.0.0.1:1/0", library_roots=(str(music),))
    services = compose(narrow)
    try:
        scan(services.catalogue, music.parent)
        services.catalogue.library.forget_files([str(tmp_path / "private" / "diary.wav")])  # the link holds it alone
        with (tmp_path / "sent.wav").open("w+b") as sent:
            write_tone(tmp_path / "sent.wav", 700)
            store_upload(
                services.catalogue, RecordingQueue(), Upload(sent, "x.wav"), folder=narrow.uploads_path, max_bytes=10**7
            )
        api = create_app(services).test_client()
        answers = {}
        for track in services.catalogue.browsing.page(limit=10).tracks:
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
    assert analyse_first_readable(link[1], (str(music),), []) == Refusal(
        OUTSIDE, TrackStatus.MISSING, FailureKind.OUTSIDE_LIBRARY
    )


def scan(catalogue, folder, roots=None):
    queue = RecordingQueue()
    job_id = request_scan(catalogue, queue, str(folder), roots)
    run_scan(catalogue, queue, job_id, ScanRules(roots))
    return catalogue.jobs.get(job_id)
