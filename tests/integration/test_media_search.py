"""Search by a clip, with a real broker and a process that answers without torch; `tests/fault` has a real worker."""

import base64
import io
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from redis import Redis

from services.domain.errors import QuestionUnanswered, TooManyQuestions
from services.tasks import questions as protocol
from services.tasks.questions import ANSWER_SECONDS, WAITING_MAX, AnsweringProcess, Questions, Refusal
from services.tasks.queue import TaskQueue
from tests.fakes.questions import QUEUE, answering, read_media

AT_ONCE_SECONDS = 1.0
PROBLEM = "application/problem+json"
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(100)
JPEG = b"\xff\xd8\xff and more"


@pytest.fixture
def redis(broker_url):
    with Redis.from_url(broker_url) as client:
        client.delete(QUEUE)
        yield client
        client.delete(QUEUE)


@pytest.fixture
def process(broker_url):
    """An announced process that answers nothing by itself."""
    made = AnsweringProcess(TaskQueue(broker_url), "idle")
    made.announce()
    yield made
    made.withdraw()


@pytest.fixture
def queue_length(process, redis):
    """The number of questions that were sent while a process is announced."""
    return lambda: redis.llen(QUEUE)


def questions(broker_url, at_once=4):
    return Questions(TaskQueue(broker_url), at_once=at_once, choose=lambda embedding, _: embedding)


def wav(seconds=6, rate=8000):
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(bytes(2 * rate * seconds))
    return stream.getvalue()


def search(api, content, query="", kind="audio"):
    return api.post(f"/v1/search/{kind}{query}", data={"file": (io.BytesIO(content), "any name")})


@contextmanager
def waiting(broker_url, count):
    """Ask questions in threads, each of which waits until the deadline; the context ends with the last one."""
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(questions(broker_url).read_clip, b"content") for _ in range(count)]
        yield
        assert all(isinstance(each.exception(), QuestionUnanswered) for each in asked)


def test_a_clip_gets_its_neighbours(api, broker_url):
    """The response has the analysis of the clip and tracks that meet the filters, most similar first."""
    with answering(broker_url):
        answer = search(api, wav(), "?limit=5&min_tempo=90")

    assert answer.status_code == 200, answer.text
    assert answer.json["understood"]["descriptors"]["tempo"] == 120.0
    assert answer.json["understood"]["attributes"]["energy"] == 0.5
    assert answer.json["understood"]["tags"] == {"mtt:slow": 0.5}
    scores = [track["score"] for track in answer.json["tracks"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    assert all(track["descriptors"]["tempo"] >= 90 for track in answer.json["tracks"])


def test_a_picture_gets_tracks_that_fit(api, broker_url):
    """The response has what was understood of the picture and tracks that meet the filters, best first."""
    with answering(broker_url):
        answer = search(api, JPEG, "?limit=5&min_tempo=90", kind="image")

    assert answer.status_code == 200, answer.text
    assert answer.json["understood"] == {"shows": ["seashore"], "looks": "warm, calm", "valence": 0.7, "energy": 0.3}
    scores = [track["score"] for track in answer.json["tracks"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    assert all(track["descriptors"]["tempo"] >= 90 for track in answer.json["tracks"])


def test_a_video_gets_music_that_fits(api, broker_url):
    """The response has what was understood of the video and tracks that meet the filters, best first."""
    with answering(broker_url):
        answer = search(api, MP4, "?limit=5&min_tempo=90", kind="video")

    assert answer.status_code == 200, answer.text
    assert answer.json["understood"]["course"] == [0.4, 0.6, 0.8]
    assert answer.json["understood"]["build"] == "rises"
    scores = [track["score"] for track in answer.json["tracks"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    assert all(track["descriptors"]["tempo"] >= 90 and 0 <= track["length"] <= 1 for track in answer.json["tracks"])


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_without_ffmpeg_the_status_is_501(api, broker_url, kind):
    """The problem says what the worker lacks."""
    refusal = Refusal(reason="needs_ffmpeg", detail="Only ffmpeg decodes it, and it is not installed.")
    with answering(broker_url, lambda _kind, _content: refusal):
        answer = search(api, MP4, kind=kind)

    assert (answer.status_code, answer.content_type) == (501, PROBLEM)
    assert answer.json["type"] == "urn:segue:problem:needs-ffmpeg"
    assert "not installed" in answer.json["detail"]


@pytest.mark.parametrize(
    ("reason", "status", "kind"),
    [
        ("unsupported", 415, "unsupported-audio"),
        ("unusable", 422, "unusable-clip"),
        ("unavailable", 503, "question-unanswered"),
    ],
)
def test_a_refusal_is_a_problem(api, broker_url, reason, status, kind):
    """The problem names what is wrong with the clip; what is the worker's fault is only in the log."""
    refusal = Refusal(reason=reason, detail="Too short: 3.0 s; the minimum is 5 s.")
    with answering(broker_url, lambda _kind, _content: refusal):
        answer = search(api, wav())

    assert (answer.status_code, answer.content_type) == (status, PROBLEM)
    assert answer.json["type"] == f"urn:segue:problem:{kind}"
    assert ("Too short" in answer.json["detail"]) is (status != 503)


@pytest.mark.parametrize(
    ("kind", "content", "problem"),
    [
        ("audio", b"", (415, "empty")),
        ("audio", b"Dear reader, this is not audio.", (415, "Not audio: plain text")),
        ("audio", b"MThd\0\0\0\x06" + bytes(100), (415, "MIDI is not supported")),
        ("audio", JPEG, (415, "Not audio: a JPEG picture")),
        ("audio", bytes(16 * 2**20 + 1), (413, "16,777,216 bytes")),
        ("audio", bytes(17 * 2**20), (413, "the maximum here")),
        ("image", b"", (415, "empty")),
        ("video", b"", (415, "empty")),
        ("video", b"Dear reader, this is no video.", (415, "Not audio: plain text")),
        ("video", b"#EXTM3U\n/etc/passwd\n", (415, "a playlist")),
        ("video", b"fLaC" + bytes(100), (415, "FLAC holds no video")),
        ("image", b"Dear reader, this is no picture.", (415, "not a JPEG, PNG, WebP or GIF picture")),
        ("image", b"\0\0\0\x20ftypheic" + bytes(100), (415, "HEIC is not supported")),
        ("image", bytes(16 * 2**20 + 1), (413, "16,777,216 bytes")),
    ],
)
def test_a_file_of_another_kind_reaches_no_worker(api, queue_length, kind, content, problem):
    """The service itself refuses it and says why."""
    status, detail = problem
    answer = search(api, content, kind=kind)

    assert (answer.status_code, answer.content_type) == (status, PROBLEM)
    assert detail in answer.json["detail"]
    assert queue_length() == 0


def test_without_a_worker_a_question_fails_at_once(api, redis):
    """The status is 503 with `Retry-After`, and no message is sent."""
    begun = time.monotonic()
    answer = search(api, wav())

    assert time.monotonic() - begun < AT_ONCE_SECONDS
    assert (answer.status_code, answer.content_type) == (503, PROBLEM)
    assert int(answer.headers["Retry-After"]) > 0
    assert redis.llen(QUEUE) == 0


def test_the_status_counts_processes(api, process):
    """A process counts from its announcement until it withdraws."""
    assert api.get("/v1/status").json["question_processes"] == 1

    process.withdraw()
    assert api.get("/v1/status").json["question_processes"] == 0


def test_an_unanswered_question_leaves_nothing(broker_url, process, redis):
    """Questions beyond the maximum are refused at once; after the deadline no content and no answer is left."""
    with waiting(broker_url, WAITING_MAX):
        deadline = time.monotonic() + ANSWER_SECONDS
        while redis.llen(QUEUE) < WAITING_MAX:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        begun = time.monotonic()
        with pytest.raises(TooManyQuestions, match=f"{WAITING_MAX} questions wait already"):
            questions(broker_url).read_clip(b"one more")
        assert time.monotonic() - begun < AT_ONCE_SECONDS
        held = redis.keys("segue.questions.content.*")
        assert len(held) == WAITING_MAX
        assert all(0 < redis.pttl(key) <= 1000 * ANSWER_SECONDS for key in held)
        question_id = held[0].decode().rpartition(".")[2]

    assert time.monotonic() - deadline < AT_ONCE_SECONDS
    assert redis.keys("segue.questions.content.*") == redis.keys("segue.questions.answer.*") == []
    assert process.take(question_id) is None
    assert process.reply(question_id, read_media("clip", b"")) is False
    assert redis.keys("segue.questions.answer.*") == []


def test_messages_without_a_worker_are_bounded(broker_url, process, redis):
    """While the queue holds many messages that no worker received, further questions are refused."""
    redis.lpush(QUEUE, *(["message"] * WAITING_MAX))

    with pytest.raises(TooManyQuestions, match="wait already"):
        questions(broker_url).read_clip(b"content")


def test_the_limit_of_questions_is_the_reason_of_the_problem(api, process, redis):
    """The detail of the 503 says how many questions wait, not that no worker answered in time."""
    redis.lpush(QUEUE, *(["message"] * WAITING_MAX))
    answer = search(api, JPEG, kind="image")

    assert (answer.status_code, answer.json["type"]) == (503, "urn:segue:problem:too-many-questions")
    assert answer.json["detail"] == f"{WAITING_MAX} questions wait already. Retry later."
    assert int(answer.headers["Retry-After"]) > 0


def test_questions_leave_threads_free(broker_url, process, redis):
    """A process of the API waits for a limited number of questions at a time."""
    asked = questions(broker_url, at_once=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asked.read_clip, b"content")
        while not redis.llen(QUEUE):
            time.sleep(0.01)
        begun = time.monotonic()
        with pytest.raises(TooManyQuestions, match="of this process"):
            asked.read_clip(b"content")
        assert time.monotonic() - begun < AT_ONCE_SECONDS

        with answering(broker_url):
            assert first.result().tags == {"mtt:slow": 0.5}
            assert asked.read_clip(b"content").tags == {"mtt:slow": 0.5}


def recommend(api, *contents, **body):
    pictures = [{"content": base64.b64encode(content).decode(), "weight": 2.0} for content in contents]
    return api.post("/v1/recommendations", json={"pictures": pictures, **body})


def test_pictures_steer_recommendations(api, broker_url):
    """A picture alone, or with a history, chooses tracks and is named as their reason."""
    with answering(broker_url):
        alone = recommend(api, JPEG)
        mixed = recommend(api, JPEG, history=[{"track_id": "test:1"}])

    for answer in (alone, mixed):
        assert answer.status_code == 200, answer.text
        assert answer.json["pictures"] == [
            {"shows": ["seashore"], "looks": "warm, calm", "valence": 0.7, "energy": 0.3}
        ]
    assert alone.json["tastes"][0]["label"] == "seashore"
    assert "picture:seashore" in alone.json["tracks"][0]["because_of"]
    assert any("picture:seashore" in track["because_of"] for track in mixed.json["tracks"])
    assert {track["id"] for track in mixed.json["tracks"]} != {track["id"] for track in alone.json["tracks"]}


@pytest.mark.parametrize(
    ("pictures", "pointer", "detail"),
    [
        ([{"content": "not base64!"}], "#/pictures/0/content", "base64"),
        ([{"content": "SGVsbG8="}], "#/pictures/0/content", "not a JPEG, PNG, WebP or GIF picture"),
        ([{"content": "/9j/4AAQ", "weight": 11}], "#/pictures/0/weight", "at most 10"),
        ([{"content": "/9j/4AAQ"}] * 5, "#/pictures", "at most 4"),
        ([], "#/history", "Give history, user, text, mood, pictures"),
    ],
)
def test_a_field_that_is_no_picture_is_422(api, pictures, pointer, detail):
    """The problem points to the field."""
    answer = api.post("/v1/recommendations", json={"pictures": pictures})

    assert answer.status_code == 422
    [error] = answer.json["errors"]
    assert error["pointer"] == pointer
    assert detail in error["detail"]


def test_a_picture_that_the_worker_refuses_is_422(api, broker_url):
    """The problem points to the picture."""
    refusal = Refusal(reason="unusable", detail="Too large: 9000 × 9000 pixels.")
    with answering(broker_url, lambda _kind, _content: refusal):
        answer = recommend(api, JPEG)

    assert answer.status_code == 422
    assert answer.json["errors"] == [
        {
            "pointer": "#/pictures/0/content",
            "detail": "`pictures.0.content`: Too large: 9000 × 9000 pixels",
        }
    ]


def test_pictures_without_a_worker_are_503(api):
    """A request without pictures needs no worker."""
    assert recommend(api, JPEG).status_code == 503
    assert api.post("/v1/recommendations", json={"history": [{"track_id": "test:1"}]}).json["pictures"] == []


def test_a_process_that_died_is_forgotten(broker_url, redis):
    """Its announcement expires by the broker's clock."""
    seconds, micros = redis.time()
    redis.zadd(protocol.PROCESSES_KEY, {"dead": 1000 * seconds + micros / 1000 - 1})

    assert questions(broker_url).count_processes() == 0
    with pytest.raises(QuestionUnanswered, match="No worker serves"):
        questions(broker_url).read_clip(b"content")
