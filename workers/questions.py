"""The task that answers questions about clips and pictures, and the state of a process that runs it."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from io import BytesIO
from threading import Event, Thread
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar, cast

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from services.domain.errors import BrokerUnavailable
from services.settings import load_settings
from services.tasks.questions import (
    ANSWER_SECONDS,
    PROCESS_SECONDS,
    AnsweringProcess,
    ClipReading,
    MediaKind,
    PictureReading,
    Refusal,
    VideoReading,
)
from services.tasks.queue import QUESTION_TASK, TaskQueue
from workers.app import app
from workers.pictures import NO_DIRECTION, text_tower

if TYPE_CHECKING:
    from models.encoders.interface import EncoderSource
    from models.sandbox.decoder import Protections
# A later answer has no reader. The hard limit kills a process that the exception of the soft limit does not stop.
NO_VIDEO_DIRECTION = "Nothing is recognised in the video, and it looks neutral."
HARD_LIMIT_SECONDS = ANSWER_SECONDS + 5.0
ANNOUNCE_EVERY_SECONDS = PROCESS_SECONDS / 3

Found = TypeVar("Found")

log = structlog.get_logger()

Reading = ClipReading | PictureReading | VideoReading
"""A successful answer."""


class Presence:
    """Announces this process to clients until it ends; a thread does so, because a task may take long."""

    def __init__(self, process: AnsweringProcess) -> None:
        self.process = process
        self._ended = Event()

    def begin(self) -> None:
        """Announce the process from now on."""
        self._announce()
        Thread(target=self._run, name="presence", daemon=True).start()

    def end(self) -> None:
        """Take the announcement back."""
        self._ended.set()
        with suppress(BrokerUnavailable):  # it expires by itself
            self.process.withdraw()

    def _run(self) -> None:
        while not self._ended.wait(ANNOUNCE_EVERY_SECONDS):
            self._announce()

    def _announce(self) -> None:
        try:
            self.process.announce()
        except BrokerUnavailable as error:
            log.warning("process_not_announced", reason=error.detail)


_presence: Presence | None = None


def prepare_models() -> "Protections":
    """Load all models of questions and start the decoder, so that the first question takes no longer than others."""
    from models.analysis import warm_up  # noqa: PLC0415  only child processes may import torch
    from models.pictures import reading  # noqa: PLC0415

    protections = warm_up(1, _encoders())  # one thread: the children already use all processors
    reading.warm_up()
    text_tower()
    return protections


def begin(queue: TaskQueue, name: str) -> None:
    """Announce this process to clients; `name` is different for each process."""
    global _presence  # noqa: PLW0603  one a process, by design
    _presence = Presence(AnsweringProcess(queue, name))
    _presence.begin()


def end() -> None:
    """Take the announcement of this process back, if there is one."""
    if _presence is not None:
        _presence.end()


@app.task(name=QUESTION_TASK, soft_time_limit=ANSWER_SECONDS, time_limit=HARD_LIMIT_SECONDS)
def answer(question_id: str, kind: str) -> None:
    """Answer a question if its client still waits; the content is in memory only, and nothing of it is kept."""
    if _presence is None:
        raise RuntimeError("This process does not answer questions. Start one with `segue worker --queues=questions`.")
    process, started = _presence.process, perf_counter()
    try:
        content = process.take(question_id)
        if content is None:
            log.info("question_abandoned", kind=kind)
            return
        found = READERS[MediaKind(kind)](content)
        has_client = process.reply(question_id, found)
    except SoftTimeLimitExceeded:
        log.warning("question_timed_out", kind=kind)
    except BrokerUnavailable as error:
        log.warning("question_not_answered", kind=kind, reason=error.detail)
    else:
        milliseconds = round(1000 * (perf_counter() - started))
        log.info("question_answered", kind=kind, bytes=len(content), milliseconds=milliseconds, in_time=has_client)


@cache
def _encoders() -> "list[EncoderSource]":
    from workers.encoders import known  # noqa: PLC0415  only child processes may import torch

    return list(known(load_settings().next_model).values())


def read_clip(content: bytes) -> ClipReading | Refusal:
    """Return embedding, attributes, descriptors and tags of a clip, or the reason why there are none."""
    from models.analysis import analyse_with  # noqa: PLC0415  only child processes may import torch

    analyses = _read(lambda file: analyse_with(file, _encoders()), content)
    if isinstance(analyses, Refusal):
        return analyses
    found = analyses[0]
    return ClipReading(
        embedding=found.embedding.tolist(),
        by_version={each.model_version: each.embedding.tolist() for each in analyses},
        attributes=found.attributes,
        descriptors=cast("dict[str, float | int | None]", dict(found.descriptors)),
        tags=found.tags,
    )


def read_picture(content: bytes) -> PictureReading | Refusal:
    """Return what a picture shows, how it looks and the point of music that fits, or why there is none."""
    from models.pictures import reading  # noqa: PLC0415

    found = _read(reading.read_picture, content)
    if isinstance(found, Refusal):
        return found
    vector = reading.picture_vector(found, text_tower())
    if vector is None:
        return Refusal(reason="unusable", detail=NO_DIRECTION)
    return PictureReading(
        embedding=vector.tolist(),
        by_version={text_tower().version: vector.tolist()},
        shows=[term.word for term in found.shows],
        looks=found.looks,
        valence=found.valence,
        energy=found.energy,
    )


def read_video(content: bytes) -> VideoReading | Refusal:
    """Return what a video shows, its energy over time and the point of music that fits, or why there is none."""
    from models.containers import UnsupportedContainer  # noqa: PLC0415
    from models.containers.recognise import recognise  # noqa: PLC0415
    from models.video import reading  # noqa: PLC0415

    try:
        container = recognise(BytesIO(content))
    except UnsupportedContainer as error:
        return Refusal(reason="unsupported", detail=_sentence(error))
    found = _read(lambda file: reading.read_video(file, container.demuxer, text_tower()), content)
    if isinstance(found, Refusal):
        return found
    if found.vector is None:
        return Refusal(reason="unusable", detail=NO_VIDEO_DIRECTION)
    fields = {name: value for name, value in asdict(found).items() if name != "vector"}
    point = found.vector.tolist()
    return VideoReading.model_validate({"embedding": point, "by_version": {text_tower().version: point}, **fields})


def _read(read: Callable[[int], Found], content: bytes) -> Found | Refusal:
    """Pass the content to a function as an open file; return its result or the reason why there is none."""
    from models.errors import (  # noqa: PLC0415
        AnalysisError,
        NeedsFfmpeg,
        SandboxUnavailable,
        UnreadableAudio,
        UnreadablePicture,
        UnreadableVideo,
    )

    with tempfile.TemporaryFile() as file:  # it has no name, so nothing of it is left if this process is killed
        file.write(content)
        file.flush()
        try:
            return read(file.fileno())
        except (UnreadableAudio, UnreadablePicture, UnreadableVideo) as error:
            return Refusal(reason="unsupported", detail=_sentence(error))
        except NeedsFfmpeg as error:
            return Refusal(reason="needs_ffmpeg", detail=_sentence(error))
        except AnalysisError as error:
            return Refusal(reason="unusable", detail=_sentence(error))
        except SandboxUnavailable as error:
            return Refusal(reason="unavailable", detail=_sentence(error))


def _sentence(error: Exception) -> str:
    return str(error).rstrip(".") + "."


READERS: Mapping[MediaKind, Callable[[bytes], Reading | Refusal]] = {
    MediaKind.CLIP: read_clip,
    MediaKind.PICTURE: read_picture,
    MediaKind.VIDEO: read_video,
}
