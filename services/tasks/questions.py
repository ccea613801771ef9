"""Questions that need torch: an API process sends a clip or a picture to a worker and waits for its reading.

The broker holds the content until a worker takes it, and the answer until the API process takes it, each for at most
`ANSWER_SECONDS`. Neither is written to the broker's append-only file. A question whose client has gone costs nothing:
its content is deleted, and the worker drops a message without content.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from threading import Semaphore
from typing import Literal, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from services.domain.errors import (
    BrokerUnavailable,
    NeedsFfmpeg,
    QuestionUnanswered,
    SegueError,
    TooManyQuestions,
    UnsupportedAudio,
    UnsupportedPicture,
    UnsupportedVideo,
    UnusableClip,
    UnusablePicture,
    UnusableVideo,
)
from services.domain.track import DIMENSION_MAX
from services.tasks.queue import QUESTION_TASK, ROUTES, TaskQueue

# A client waits no longer. A worker answers several questions in this time, also during a scan.
ANSWER_SECONDS = 5.0
# A video of two minutes takes up to this long: its frames are decoded on one thread and read one after another.
VIDEO_ANSWER_SECONDS = 40.0
# Questions that wait or are worked on, in the whole installation. More could not be answered in time by one worker.
# With contents of MEDIA_MAX_BYTES they take a quarter of the broker's memory in deploy/redis.conf.
WAITING_MAX = 8
# Shorter than the socket timeout, so that a broker that does not respond is noticed while a process waits.
POLL_SECONDS = 0.2
# A process announces itself several times in this period, so that one delay does not remove it.
PROCESS_SECONDS = 30.0

LATE = f"No worker answered within {ANSWER_SECONDS:.0f} s."

WAITING_KEY = "segue.questions.waiting"
"""Sorted set: the ids of open questions by deadline."""
PROCESSES_KEY = "segue.questions.processes"
"""Sorted set: the names of processes that answer questions, by the time at which their announcement expires."""


log = structlog.get_logger(__name__)


class MediaKind(StrEnum):
    """The kind of content of a question."""

    CLIP = "clip"
    PICTURE = "picture"
    VIDEO = "video"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Reading(_Message):
    """A reading with a point in the vibe space."""

    embedding: list[float] = Field(min_length=1, max_length=DIMENSION_MAX)
    """Of unit length."""
    by_version: dict[str, list[float]] = Field(default_factory=dict)
    """The point by model version, as far as the worker has its weights; `embedding` is the first."""


Read = TypeVar("Read", bound=_Reading)


class ClipReading(_Reading):
    """What a worker computed from a clip."""

    attributes: dict[str, float | None]
    descriptors: dict[str, float | int | None]
    tags: dict[str, float]


class PictureReading(_Reading):
    """What a worker computed from a picture."""

    shows: list[str]
    looks: str
    valence: float
    energy: float


class VideoReading(_Reading):
    """What a worker computed from a video."""

    seconds: float
    shows: list[str]
    cuts_per_minute: float
    motion: float
    valence: float
    energy: float
    course: list[float]
    build: Literal["rises", "falls", "varies", "steady"]


class Refusal(_Message):
    """Why a worker did not read a clip, a picture or a video."""

    reason: Literal["unsupported", "unusable", "unavailable", "needs_ffmpeg"]
    """`unsupported`: not in a supported format; `unusable`: outside the limits; `unavailable`: the worker's fault."""
    detail: str


_PICTURE_ANSWER: TypeAdapter[PictureReading | Refusal] = TypeAdapter(PictureReading | Refusal)
_VIDEO_ANSWER: TypeAdapter[VideoReading | Refusal] = TypeAdapter(VideoReading | Refusal)
_CLIP_ANSWER: TypeAdapter[ClipReading | Refusal] = TypeAdapter(ClipReading | Refusal)

REFUSALS: dict[tuple[MediaKind, str], type[SegueError]] = {
    (MediaKind.CLIP, "unsupported"): UnsupportedAudio,
    (MediaKind.CLIP, "unusable"): UnusableClip,
    (MediaKind.PICTURE, "unsupported"): UnsupportedPicture,
    (MediaKind.PICTURE, "unusable"): UnusablePicture,
    (MediaKind.VIDEO, "unsupported"): UnsupportedVideo,
    (MediaKind.VIDEO, "unusable"): UnusableVideo,
    (MediaKind.CLIP, "needs_ffmpeg"): NeedsFfmpeg,
    (MediaKind.VIDEO, "needs_ffmpeg"): NeedsFfmpeg,
}

# A script is atomic, so concurrent clients cannot exceed the limit together. Without replication, the content reaches
# neither the append-only file nor a replica. The broker's clock is the only one, so clocks of machines may differ.
_START = """
redis.set_repl(redis.REPL_NONE)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# Keys: waiting, processes, messages, content. Arguments: id, milliseconds, maximum, content.
_ADMIT = (
    _START
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) == 0 then return 'no process' end
local maximum = tonumber(ARGV[3])
if redis.call('ZCARD', KEYS[1]) >= maximum or redis.call('LLEN', KEYS[3]) >= maximum then return 'full' end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('SET', KEYS[4], ARGV[4], 'PX', ARGV[2])
return 'admitted'
"""
)

# Keys: waiting, answer. Arguments: id, milliseconds, answer.
_REPLY = (
    _START
    + """
local deadline = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not deadline or tonumber(deadline) <= now then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
"""
)

# Keys: processes. Arguments: name, milliseconds.
_ANNOUNCE = (
    _START
    + """
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
)

# Keys: processes.
_COUNT = (
    _START
    + """
return redis.call('ZCOUNT', KEYS[1], now, '+inf')
"""
)


Choose = Callable[[list[float], Mapping[str, list[float]]], list[float]]
"""Returns the point of a reading in the space of a request, given `embedding` and `by_version`."""


class Questions:
    """The client's side: sends questions to the workers and waits for the answers; thread-safe.

    At most `at_once` threads of this process wait at a time, so that others stay free for requests that need no worker.
    """

    def __init__(self, queue: TaskQueue, *, at_once: int, choose: Choose) -> None:
        """Let at most `at_once` threads wait; `choose` chooses a reading's point in the space of the request."""
        self._queue = queue
        self._choose = choose
        self._at_once = at_once
        self._free = Semaphore(at_once)

    def read_clip(self, content: bytes) -> ClipReading:
        """Return what a worker computes from a clip.

        Raises:
            UnsupportedAudio: the bytes are not audio in a supported format.
            UnusableClip: the clip is too short, silent or otherwise outside the limits.
            NeedsFfmpeg: only ffmpeg decodes the format, and the worker has none.
            TooManyQuestions: too many questions wait.
            QuestionUnanswered: no worker runs, or none answered in time.
            BrokerUnavailable: the broker does not respond.
        """
        return self._ask(MediaKind.CLIP, content, _CLIP_ANSWER)

    def read_picture(self, content: bytes, deadline: float | None = None) -> PictureReading:
        """Return what a worker computes from a picture.

        Args:
            content: The bytes of the file.
            deadline: When a client stops waiting, by the monotonic clock; None is `ANSWER_SECONDS` from now.

        Raises:
            UnsupportedPicture: the bytes are not a picture in a supported format.
            UnusablePicture: the picture is too large or otherwise outside the limits.
            TooManyQuestions: too many questions wait.
            QuestionUnanswered: no worker runs, or none answered in time.
            BrokerUnavailable: the broker does not respond.
        """
        return self._ask(MediaKind.PICTURE, content, _PICTURE_ANSWER, deadline)

    def read_video(self, content: bytes) -> VideoReading:
        """Return what a worker computes from a video; waits longer than for others, because a video takes longer.

        Raises:
            UnsupportedVideo: the bytes are not a video that ffmpeg decodes.
            UnusableVideo: the video is too short or too long.
            NeedsFfmpeg: the worker has no ffmpeg.
            TooManyQuestions: too many questions wait.
            QuestionUnanswered: no worker runs, or none answered in time.
            BrokerUnavailable: the broker does not respond.
        """
        return self._ask(MediaKind.VIDEO, content, _VIDEO_ANSWER, time.monotonic() + VIDEO_ANSWER_SECONDS)

    def count_processes(self) -> int:
        """Return the number of processes that answer questions.

        Raises:
            BrokerUnavailable: the broker does not respond.
        """
        with self._queue.connection() as redis:
            return int(redis.eval(_COUNT, 1, PROCESSES_KEY))

    def _ask(
        self, kind: MediaKind, content: bytes, answers: TypeAdapter[Read | Refusal], deadline: float | None = None
    ) -> Read:
        if not self._free.acquire(blocking=False):
            raise TooManyQuestions(f"{self._at_once} questions of this process wait already.")
        try:
            answer = self._exchange(kind, content, deadline or time.monotonic() + ANSWER_SECONDS)
        finally:
            self._free.release()
        read = answers.validate_json(answer)
        if not isinstance(read, Refusal):
            point = self._choose(read.embedding, read.by_version)
            return read.model_copy(update={"embedding": point, "by_version": {}})
        if read.reason == "unavailable":
            raise QuestionUnanswered(read.detail)
        raise REFUSALS[kind, read.reason](read.detail)

    def _exchange(self, kind: MediaKind, content: bytes, deadline: float) -> bytes:
        question_id = uuid.uuid4().hex
        self._admit(question_id, content, deadline)
        try:
            self._queue.question(question_id, kind.value, deadline - time.monotonic())
            return self._wait(question_id, deadline)
        finally:
            with suppress(BrokerUnavailable):  # the keys expire by themselves
                self._forget(question_id)

    def _admit(self, question_id: str, content: bytes, deadline: float) -> None:
        if (left := _milliseconds(deadline - time.monotonic())) <= 0:
            raise QuestionUnanswered(LATE)
        keys = (WAITING_KEY, PROCESSES_KEY, ROUTES[QUESTION_TASK]["queue"], _content_key(question_id))
        with self._queue.connection() as redis:
            found = redis.eval(_ADMIT, len(keys), *keys, question_id, left, WAITING_MAX, content)
        if found == b"no process":
            raise QuestionUnanswered("No worker serves the queue `questions`. `segue worker --queues=questions` does.")
        if found == b"full":
            raise TooManyQuestions(f"{WAITING_MAX} questions wait already.")

    def _wait(self, question_id: str, deadline: float) -> bytes:
        key = _answer_key(question_id)
        with self._queue.connection() as redis:
            while time.monotonic() < deadline:
                if (found := redis.blpop([key], timeout=POLL_SECONDS)) is not None:
                    return bytes(found[1])
        raise QuestionUnanswered(LATE)

    def _forget(self, question_id: str) -> None:
        with self._queue.connection() as redis, redis.pipeline(transaction=False) as pipeline:
            pipeline.zrem(WAITING_KEY, question_id)
            pipeline.delete(_content_key(question_id), _answer_key(question_id))
            pipeline.execute()


class AnsweringProcess:
    """The worker's side: one process that answers questions."""

    def __init__(self, queue: TaskQueue, name: str) -> None:
        self._queue = queue
        self._name = name

    def take(self, question_id: str) -> bytes | None:
        """Return the content of a question and delete it; None if its client waits no longer.

        Raises:
            BrokerUnavailable: the broker does not respond.
        """
        with self._queue.connection() as redis:
            content: bytes | None = redis.getdel(_content_key(question_id))
            return content

    def reply(self, question_id: str, answer: BaseModel) -> bool:
        """Send an answer to the client; return whether it still waits.

        Raises:
            BrokerUnavailable: the broker does not respond.
        """
        keys = (WAITING_KEY, _answer_key(question_id))
        text = answer.model_dump_json()
        with self._queue.connection() as redis:
            return bool(redis.eval(_REPLY, len(keys), *keys, question_id, _milliseconds(ANSWER_SECONDS), text))

    def announce(self) -> None:
        """Make clients send questions for the next `PROCESS_SECONDS`.

        Raises:
            BrokerUnavailable: the broker does not respond.
        """
        with self._queue.connection() as redis:
            redis.eval(_ANNOUNCE, 1, PROCESSES_KEY, self._name, _milliseconds(PROCESS_SECONDS))

    def withdraw(self) -> None:
        """Take the announcement back.

        Raises:
            BrokerUnavailable: the broker does not respond.
        """
        with self._queue.connection() as redis:
            redis.zrem(PROCESSES_KEY, self._name)


def _content_key(question_id: str) -> str:
    return f"segue.questions.content.{question_id}"


def _answer_key(question_id: str) -> str:
    return f"segue.questions.answer.{question_id}"


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)
