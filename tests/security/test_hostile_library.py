"""A folder full of hostile files, scanned by a real worker on a real broker: it ends, and nothing else is touched."""

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
from services.ingest.upload import Upload, take_upload
from tests.fakes.installation import installation, wait_until
from tests.security.corpus import FORMATS, hostile_contents, sound, write_silence, write_vast

IN_ACCESS, IN_OPEN = 0x01, 0x20
NAMES = (b"new\nline.wav", b"\xff\xfe\x80.flac", b"b" * 251 + b".ogg", b"-rf ~;$(id).mp3", b"\xe2\x80\xaegnp.wav")


class Trap:
    """Somewhere on this machine that a URL leads to; remembers who came."""

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
    """Sees whoever opens or reads a file, by the kernel's inotify."""

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
    """Every hostile file there is, and three good ones among them."""
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
    """A file of the name's format with a little damage at its end, so that no two are the same track."""
    return sound(name.rsplit(b".", 1)[-1].decode()) + name


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """The job of that scan, the tracks, who touched the canary, how often the URL was asked for, and the worker."""
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
        wait_until(lambda: here.catalogue.jobs.get(job_id).state in {JobState.DONE, JobState.FAILED}, patience=280)
        yield here, here.catalogue.jobs.get(job_id), watch, trap, worker
    watch.close()
    trap.close()


def track_of(scanned, name):
    here, job, *_ = scanned
    [found] = [t for t in here.catalogue.tracks.get_many(job.tracks).values() if t.path.endswith(name)]
    return found


@pytest.mark.timeout(600)
def test_the_scan_completes(scanned):
    """Every file is a track or a failure, each of these has its reason, and no track is left behind."""
    here, job, *_ = scanned
    tracks = here.catalogue.tracks.get_many(job.tracks).values()

    assert job.state == JobState.DONE
    assert job.done + job.failed == job.total
    assert all(failure.reason and "Traceback" not in failure.reason for failure in job.failures)
    assert {track.status for track in tracks} == {TrackStatus.READY, TrackStatus.FAILED}
    assert all(track.reason for track in tracks if track.status == TrackStatus.FAILED)


@pytest.mark.parametrize("name", ["good.flac", "good.ogg", "folder.mp3/good.wav", "b.ogg", "(id).mp3"])
def test_good_music_among_it_is_analysed(scanned, name):
    """Neither its neighbours nor an odd name keep a track from being heard."""
    assert track_of(scanned, name).status == TrackStatus.READY


@pytest.mark.parametrize(
    ("name", "reason"),
    [("bomb.flac", "silent"), ("vast.wav", "silent"), ("nan.wav", "NaN or infinite"), ("rate-1.wav", "rate 1 Hz")],
)
def test_what_decodes_to_nothing_has_its_reason(scanned, name, reason):
    """The decoder's sentence reaches the catalogue."""
    assert reason in track_of(scanned, name).reason


def test_no_other_file_is_read(scanned):
    """Playlists, links and tags name a private file: nobody opened it; the watch does see who does."""
    _, job, watch, *_ = scanned
    untouched = watch.events()
    with (Path(job.path).parent / "private" / "canary.wav").open("rb") as file:
        file.read(1)

    assert untouched == 0
    assert watch.events() >= 1


def test_no_url_is_fetched(scanned):
    """Playlists, a concat script and a SMIL file name a URL: nobody came; the trap does see who does."""
    trap = scanned[3]
    before = trap.visits
    socket.create_connection(("127.0.0.1", int(trap.url.rsplit(":", 1)[-1]))).close()
    wait_until(lambda: trap.visits == 1)

    assert before == 0


def test_the_worker_says_once_how_its_decoder_is_protected(scanned):
    """One line a child, with what is on."""
    log = scanned[4].said
    lines = [line for line in log.splitlines() if '"decoder_sandbox"' in line]

    assert len(lines) == 1
    assert "seccomp" in lines[0]
    assert "Traceback" not in log


def test_a_decoder_killed_in_the_worker_costs_its_track(scanned, tmp_path):
    """Killed from outside in mid-file, the track has the reason; the worker's child lives and goes on."""
    here, _, _, _, worker = scanned
    [child] = [each for each in worker.process.children() if each.children()]
    [server] = child.children()
    vast = write_vast(tmp_path / "vast.wav")
    with vast.open("r+b") as file:  # another recording than the one that was scanned
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
    """Whatever the client calls it, it is stored under the hash of its sound, inside the folder of uploads."""
    here = scanned[0]
    name = "../../../../etc/cron.d/evil\n." + suffix
    uploads = tmp_path / "uploads"
    content = mutated_sound(f"upload.{suffix}".encode())
    with (tmp_path / "sent").open("w+b") as sent:
        sent.write(content)
        sent.seek(0)
        job_id = take_upload(here.catalogue, here.queue, Upload(sent, name), folder=uploads, max_bytes=2**24)
    [track_id] = here.catalogue.jobs.get(job_id).tracks
    [stored] = uploads.iterdir()

    assert stored.name == f"{track_id}.{suffix}"
    assert stored.read_bytes() == content
