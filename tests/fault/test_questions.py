"""Questions about clips and pictures, with a real broker and a real worker: answers, and failures meanwhile."""

import io
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from redis import Redis

from models.ffmpeg import find_ffmpeg
from services.api.app import create_app
from services.composition import compose
from services.ingest.scan import request_scan
from services.settings import Settings
from services.tasks.questions import ANSWER_SECONDS
from services.tasks.queue import ROUTES
from tests.conftest import missing
from tests.fakes.installation import installation, wait_until, write_song, write_songs
from tests.fakes.videos import bright_and_fast, dark_and_slow

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc")

COUNT = 4
# A few tenths are for the request itself, on a busy machine.
PROMISED_SECONDS = ANSWER_SECONDS + 1.0
BROKER_PROMISED_SECONDS = 2.0
QUEUES = ",".join(dict.fromkeys(route["queue"] for route in ROUTES.values()))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An installation with a library and one worker for everything, shared because loading torch takes seconds."""
    folder = tmp_path_factory.mktemp("questions")
    with installation(folder / "data") as here, here.worker(f"--queues={QUEUES}") as worker:
        services = compose(Settings(data_dir=here.settings.data_path, redis_url=here.broker.url))
        write_songs(folder / "music", COUNT)
        request_scan(here.catalogue, here.queue, str(folder / "music"))
        wait_until(lambda: services.index.count() == COUNT)
        yield here, worker, create_app(services).test_client(), folder / "music"
        services.close()


def search(api, content, kind="audio"):
    begun = time.monotonic()
    answer = api.post(f"/v1/search/{kind}", data={"file": (io.BytesIO(content), "any name")})
    return answer, time.monotonic() - begun


def drawn(colour, mark, size=(320, 240), form="JPEG"):
    """A picture with bars of a second colour."""
    picture = Image.new("RGB", size, colour)
    for left in range(0, size[0], 40):
        picture.paste(mark, (left, 0, left + 20, size[1]))
    stream = io.BytesIO()
    picture.save(stream, form)
    return stream.getvalue()


def assert_unavailable(answer):
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0


def child_of(worker):
    [child] = [process for process in worker.process.children() if "celery" in process.cmdline()]
    return child


@contextmanager
def suspended(process):
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def test_bright_and_dark_clips_get_music_that_fits(served, tmp_path):
    """The worker reads both videos with ffmpeg; what it understood and how the same tracks score differ as they do."""
    _, _, api, _ = served
    if find_ffmpeg() is None:
        missing("ffmpeg")
    bright, dark = (write(tmp_path / f"{write.__name__}.mp4") for write in (bright_and_fast, dark_and_slow))
    lively, gloomy = (search(api, path.read_bytes(), "video")[0] for path in (bright, dark))

    assert (lively.status_code, gloomy.status_code) == (200, 200), lively.text + gloomy.text
    understood = lively.json["understood"], gloomy.json["understood"]
    assert understood[0]["cuts_per_minute"] > 80
    assert understood[1]["cuts_per_minute"] <= 10
    assert understood[0]["energy"] > understood[1]["energy"] + 0.3
    assert {track["id"] for track in lively.json["tracks"]} == {track["id"] for track in gloomy.json["tracks"]} != set()
    scores = [{track["id"]: track["score"] for track in answer.json["tracks"]} for answer in (lively, gloomy)]
    assert scores[0] != scores[1]


def test_a_recording_of_the_library_comes_first(served):
    """A clip that the library contains gets itself first, with the similarity 1, and nothing of the clip is kept."""
    here, _, api, music = served
    jobs, tracks = here.catalogue.jobs, here.catalogue.tracks.count_by_status()
    content = (music / "2.flac").read_bytes()
    answer, _ = search(api, content)

    assert answer.status_code == 200, answer.text
    assert answer.json["tracks"][0]["title"] == "2"
    assert answer.json["tracks"][0]["score"] == pytest.approx(1, abs=1e-5)
    assert 60 < answer.json["understood"]["descriptors"]["tempo"] < 200
    assert here.catalogue.tracks.count_by_status() == tracks
    assert jobs is here.catalogue.jobs
    files = [file for file in here.settings.data_path.rglob("*") if file.is_file()]
    assert any("appendonly" in str(file) for file in files)
    assert not any(content[1000:1100] in file.read_bytes() for file in files if music not in file.parents)


@pytest.mark.parametrize(
    ("seconds", "level", "detail"),
    [(3, 1.0, "Too short: 3.0 s; the minimum is 5 s."), (6, 0.0, "The file is silent.")],
)
def test_a_clip_outside_the_limits_is_named(served, tmp_path, seconds, level, detail):
    """The problem says what is wrong with the clip."""
    _, _, api, _ = served
    song = write_song(tmp_path / "song.flac", 1, seconds)
    samples, rate = soundfile.read(song)
    soundfile.write(song, level * samples, rate)
    answer, _ = search(api, song.read_bytes())

    assert answer.status_code == 422
    assert answer.json["type"] == "urn:segue:problem:unusable-clip"
    assert answer.json["detail"] == detail


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_finds_tracks(served, form):
    """A picture gets tracks; a dark grey one has less valence and energy than a colourful one."""
    _, _, api, _ = served
    dark, _ = search(api, drawn("#101418", "#181c20", form=form), kind="image")
    lively, _ = search(api, drawn("#ff2010", "#ffe040", form=form), kind="image")

    assert (dark.status_code, lively.status_code) == (200, 200), dark.text
    assert dark.json["tracks"]
    assert "dark" in dark.json["understood"]["looks"]
    for feeling in ("valence", "energy"):
        assert dark.json["understood"][feeling] < lively.json["understood"][feeling]


def test_a_picture_outside_the_limits_is_named(served):
    """The problem says what is wrong with the picture."""
    _, _, api, _ = served
    answer, _ = search(api, drawn("white", "black", size=(6000, 5000), form="PNG"), kind="image")

    assert answer.status_code == 422
    assert answer.json["type"] == "urn:segue:problem:unusable-picture"
    assert "6000 × 5000 pixels" in answer.json["detail"]


PICTURES = tuple(drawn("#203040", "#c0a080", form=form) for form in ("JPEG", "PNG", "WEBP", "GIF"))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picture=st.sampled_from(PICTURES), body=st.binary(max_size=600), cut=st.integers(0, 2_000))
def test_any_bytes_as_a_picture_get_a_clear_answer(served, picture, body, cut):
    """Damaged pictures and random bytes after the start of each format are answered or refused, never with a 5xx."""
    _, _, api, _ = served
    for content in (picture[:16] + body, picture[:cut] + body + picture[cut + len(body) :]):
        answer, _ = search(api, content, kind="image")

        assert answer.status_code in {200, 415, 422}, answer.text
        assert answer.status_code == 200 or answer.json["detail"]


HEADS = (b"", b"fLaC", b"OggS\0\2", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"ID3\4\0\0\0\0\0\0", b"\xff\xfb\x90\x00")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.sampled_from(HEADS), body=st.binary(max_size=600), cut=st.integers(0, 30_000))
def test_any_bytes_as_a_clip_get_a_clear_answer(served, head, body, cut):
    """Random bytes after the start of each format, and damaged songs, are answered or refused, never with a 5xx."""
    _, _, api, music = served
    song = (music / "1.flac").read_bytes()
    for content in (head + body, song[:cut] + body + song[cut + len(body) :]):
        answer, _ = search(api, content)

        assert answer.status_code in {200, 415, 422}, answer.text
        assert answer.status_code == 200 or answer.json["detail"]


def test_a_child_that_dies_in_mid_question(served):
    """The client gets 503 after the deadline, or the answer of the next child if the first had not read the task."""
    _, worker, api, music = served
    content = (music / "0.flac").read_bytes()
    child = child_of(worker)
    child.suspend()
    received = worker.output.count("segue.question[")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(search, api, content)
        wait_until(lambda: worker.output.count("segue.question[") > received)
        child.kill()
        answer, seconds = asked.result()

    if answer.status_code != 200:
        assert_unavailable(answer)
    assert seconds < PROMISED_SECONDS
    wait_until(lambda: worker.output.count("worker_child_ready") > 1 and search(api, content)[0].status_code == 200)


def test_an_abandoned_question_is_dropped(served):
    """A worker that was frozen past the deadline does not work on the question afterwards."""
    here, worker, api, music = served
    dropped = worker.output.count("question_abandoned")
    with suspended(worker):
        answer, seconds = search(api, (music / "0.flac").read_bytes())
    assert_unavailable(answer)
    assert seconds < PROMISED_SECONDS

    wait_until(lambda: worker.output.count("question_abandoned") == dropped + 1)
    with Redis(unix_socket_path=str(here.broker.socket)) as redis:
        assert redis.keys("segue.questions.content.*") == redis.keys("segue.questions.answer.*") == []


def test_a_broker_that_is_frozen_or_killed(served):
    """Questions get 503 in time and are answered again soon after the broker is back."""
    here, _, api, music = served
    content = (music / "0.flac").read_bytes()
    broker = psutil.Process(here.broker.process.pid)
    with suspended(broker):
        answer, seconds = search(api, content)
    assert_unavailable(answer)
    assert seconds < 3.0
    wait_until(lambda: search(api, content)[0].status_code == 200)

    broker.kill()
    broker.wait()
    answer, seconds = search(api, content)
    assert_unavailable(answer)
    assert seconds < BROKER_PROMISED_SECONDS
    here.broker.start()
    wait_until(lambda: search(api, content)[0].status_code == 200)
