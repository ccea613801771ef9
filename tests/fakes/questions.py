"""A process that answers questions without torch, for tests of the API."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from pydantic import BaseModel
from redis import Redis

from services.domain.filters import ATTRIBUTES
from services.tasks.questions import AnsweringProcess, ClipReading, MediaKind, PictureReading, VideoReading
from services.tasks.queue import QUESTION_TASK, ROUTES, TaskQueue
from tests.fakes.library import unit_vector

QUEUE = ROUTES[QUESTION_TASK]["queue"]
POLL_SECONDS = 0.2

Read = Callable[[str, bytes], BaseModel]


def read_media(kind: str, content: bytes) -> BaseModel:
    """Return a reading whose embedding depends on the number of bytes."""
    embedding = unit_vector(len(content)).tolist()
    if kind == MediaKind.PICTURE:
        return PictureReading(embedding=embedding, shows=["seashore"], looks="warm, calm", valence=0.7, energy=0.3)
    if kind == MediaKind.VIDEO:
        return VideoReading(
            embedding=embedding,
            seconds=30.0,
            shows=["seashore"],
            cuts_per_minute=40.0,
            motion=0.02,
            valence=0.7,
            energy=0.6,
            course=[0.4, 0.6, 0.8],
            build="rises",
        )
    return ClipReading(
        embedding=embedding,
        attributes={**dict.fromkeys(ATTRIBUTES, 0.5), "liveness": None},
        descriptors={"tempo": 120.0, "key": 4},
        tags={"mtt:slow": 0.5},
    )


@contextmanager
def answering(broker_url: str, read: Read = read_media) -> Iterator[None]:
    """Answer questions in a thread until the context ends."""
    process = AnsweringProcess(TaskQueue(broker_url), "fake")
    ended = Event()

    def run() -> None:
        with Redis.from_url(broker_url) as redis:
            while not ended.is_set():
                process.announce()
                message = redis.brpop([QUEUE], timeout=POLL_SECONDS)
                if message is None:
                    continue
                [question_id, kind], *_ = json.loads(base64.b64decode(json.loads(message[1])["body"]))
                content = process.take(question_id)
                if content is not None:
                    process.reply(question_id, read(kind, content))

    process.announce()
    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        process.withdraw()
