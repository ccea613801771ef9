"""A real worker scans a folder of hostile files; the scan completes and no other file or URL is accessed."""

import ctypes
import os
import socket
import struct
import threading
from pathlib import Path

import pytest

from services.domain.job import JobState
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan
from services.ingest.upload import Upload, store_upload
from tests.fakes.installation import installation, wait_until
from tests.security.corpus import FORMATS, hostile_contents, sound, write_silence, write_vast

IN_ACCESS, IN_OPEN = 0x01, 0x20
NAMES = (b"new\nline.wav", b"\xff\xfe\x80.flac", b"b" * 251 + b".ogg", b"-rf ~;$(id).mp3", b"\xe2\x80\xaegnp.wav")


class Trap:
    """A local server that counts its connections."""

    def __init__(self):
        self.visits = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                visitor, _ = self._listening.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()

    def close(self):
        self._listening.close()


class Watch:
    """Count the times that any process opens or reads a file, with inotify."""

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._descriptor, os.fsencode(path), IN_OPEN | IN_ACCESS) >= 0

    def events(self):
        try:
            return len(os.read(self._descriptor, 65536)) // struct.calcsize("iIII")
        except BlockingIOError:
            return 0

    def close(self):
        os.close(self._descriptor)


def write_library(music, canary, url):
    """Write every hostile file, and three valid ones among them."""
    for name, content in hostile_contents(canary, url).items():
        (music / name).write_bytes(content)
    for name in NAMES:
        (music / os.fsdecode(name)).write_bytes(mutated_sound(name))
    write_silence(music / "bomb.flac", 6, 8_000, 1)
    write_vast(music / "vast.wav")
    os.mkfifo(music / "pipe.mp3")
    (music / "device.mp3").symlink_to("/dev/zero")
    (music / "loop.mp3").symlink_to("loop.mp3")
    (music / "round").symlink_to(".")
    (music / "out.wav").symlink_to(canary)
    (music / "folder.mp3").mkdir()
    (music / "folder.mp3" / "good.wav").write_bytes(sound("wav", 7))
    for number, suffix in enumerate(("flac", "ogg")):
        (music / f"good.{suffix}").write_bytes(sound(suffix, 8 + number))


def mutated_sound(name):
    """Return a file of the name's format with the name appended, so that no two are the same track."""
    return sound(name.rsplit(b".", 1)[-1].decode()) + name


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """The installation, the job of the scan, the watch on the private file, the trap URL, and the worker."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "private").mkdir()
    canary = folder / "private" / "canary.wav"
    canary.write_bytes(sound("wav", 9))
    music = folder / "music"
    music.mkdir()
    trap, watch = Trap(), Watch(canary)
    write_library(music, canary, trap.url)
    with installation(folder / "data") as here, here.worker() as worker:
        job_id = request_scan(here.catalogue, here.queue, str(music))
        wait_until(lambda: here.catalogue.jobs.get(job_id).state in {JobState.DONE, JobState.FAILED}, timeout=280)
        yield here, here.catalogue.jobs.get(job_id), watch, trap, worker
    watch.close()
    trap.close()


def track_of(scanned, name):
    here, job, *_ = scanned
    [found] = [t for t in here.catalogue.tracks.get_many(job.tracks).values() if t.path.endswith(name)]
    return found


@pytest.mark.timeout(600)
def test_the_scan_completes(scanned):
    """Every file becomes a track or a failure with a reason, and every track is ready or failed."""
    here, job, *_ = scanned
    tracks = here.catalogue.tracks.get_many(job.tracks).values()

    assert job.state == JobState.DONE
    assert job.done + job.failed == job.total
    assert all(failure.reason and "Traceback" not in failure.reason for failure in job.failures)
    assert {track.status for track in tracks} == {TrackStatus.READY, TrackStatus.FAILED}
    assert all(track.reason for track in tracks if track.status == TrackStatus.FAILED)


@pytest.mark.parametrize("name", ["good.flac", "good.ogg", "folder.mp3/good.wav", "b.ogg", "(id).mp3"])
def test_valid_music_in_the_folder_is_analysed(scanned, name):
    """Hostile files beside them and odd names do not prevent the analysis of valid files."""
    assert track_of(scanned, name).status == TrackStatus.READY


@pytest.mark.parametrize(
    ("name", "reason"),
    [("bomb.flac", "silent"), ("vast.wav", "silent"), ("nan.wav", "NaN or infinite"), ("rate-1.wav", "rate 1 Hz")],
)
def test_a_failed_track_has_a_reason(scanned, name, reason):
    """The decoder's message is stored in the catalogue."""
    assert reason in track_of(scanned, name).reason


def test_no_other_file_is_read(scanned):
    """Nothing opens the private file that playlists, links and tags point to; the watch is shown to work."""
    _, job, watch, *_ = scanned
    events_before = watch.events()
    with (Path(job.path).parent / "private" / "canary.wav").open("rb") as file:
        file.read(1)

    assert events_before == 0
    assert watch.events() >= 1


def test_no_url_is_fetched(scanned):
    """Nothing connects to the URL in playlists, a concat script and a SMIL file; the trap is shown to work."""
    trap = scanned[3]
    before = trap.visits
    socket.create_connection(("127.0.0.1", int(trap.url.rsplit(":", 1)[-1]))).close()
    wait_until(lambda: trap.visits == 1)

    assert before == 0


def test_the_worker_logs_the_protections_of_its_decoder_once(scanned):
    """The worker logs one line per child, with the active protections."""
    log = scanned[4].output
    lines = [line for line in log.splitlines() if '"decoder_sandbox"' in line]

    assert len(lines) == 1
    assert "seccomp" in lines[0]
    assert "Traceback" not in log


def test_a_decoder_killed_in_the_worker_fails_only_its_track(scanned, tmp_path):
    """The track gets the reason, and the worker's child continues with the next track."""
    here, _, _, _, worker = scanned
    [child] = [each for each in worker.process.children() if each.children()]
    [server] = child.children()
    vast = write_vast(tmp_path / "vast.wav")
    with vast.open("r+b") as file:  # a different recording from the one that was scanned
        file.seek(10_000)
        file.write(b"different")
    job_id = request_scan(here.catalogue, here.queue, str(vast))
    decoders = []
    wait_until(lambda: decoders.extend(server.children()) or decoders, every=0.005)
    decoders[0].kill()
    wait_until(lambda: here.catalogue.jobs.get(job_id).state == JobState.DONE)
    [track_id] = here.catalogue.jobs.get(job_id).tracks
    (tmp_path / "next.wav").write_bytes(sound("wav", 11))
    following = request_scan(here.catalogue, here.queue, str(tmp_path / "next.wav"))
    wait_until(lambda: here.catalogue.jobs.get(following).state == JobState.DONE)
    [next_id] = here.catalogue.jobs.get(following).tracks

    assert here.catalogue.tracks.get(track_id).reason == "The decoder died (signal 9) on this file"
    assert here.catalogue.tracks.get(next_id).status == TrackStatus.READY
    assert child.is_running()
    assert server.is_running()


@pytest.mark.parametrize("suffix", FORMATS)
def test_uploads_never_keep_the_clients_name(scanned, tmp_path, suffix):
    """An upload is stored under its track id in the uploads folder, whatever its file name."""
    here = scanned[0]
    name = "../../../../etc/cron.d/evil\n." + suffix
    uploads = tmp_path / "uploads"
    content = mutated_sound(f"upload.{suffix}".encode())
    with (tmp_path / "sent").open("w+b") as sent:
        sent.write(content)
        sent.seek(0)
        job_id = store_upload(here.catalogue, here.queue, Upload(sent, name), folder=uploads, max_bytes=2**24)
    [track_id] = here.catalogue.jobs.get(job_id).tracks
    [stored] = uploads.iterdir()

    assert stored.name == f"{track_id}.{suffix}"
    assert stored.read_bytes() == content
