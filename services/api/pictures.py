"""The pictures of a request, read by a worker."""

import time
from collections.abc import Sequence

from services.api.context import services
from services.api.http.operation import InvalidFields
from services.api.schemas.media import WeightedPictureIn
from services.api.schemas.service import FieldError
from services.domain.errors import UnsupportedPicture, UnusablePicture
from services.domain.words import VectorKind, WeightedVector
from services.tasks.questions import ANSWER_SECONDS, PictureReading
from services.telemetry.stages import Part, recommendation_part

NAMES_IN_LABEL = 2
"""Names of what a picture shows in its label."""


@recommendation_part(Part.PICTURES)
def read_pictures(pictures: Sequence[WeightedPictureIn]) -> list[PictureReading]:
    """Return the readings of pictures; together they take at most `ANSWER_SECONDS`.

    Raises:
        InvalidFields: a picture is damaged or outside the limits.
        QuestionUnanswered, BrokerUnavailable: no worker answers.
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    readings = []
    for number, picture in enumerate(pictures):
        try:
            readings.append(services().questions.read_picture(picture.content, deadline))
        except (UnsupportedPicture, UnusablePicture) as error:
            detail = f"`pictures.{number}.content`: {error.detail.rstrip('.')}"
            raise InvalidFields([FieldError(pointer=f"#/pictures/{number}/content", detail=detail)]) from error
    return readings


def vectors_of(pictures: Sequence[WeightedPictureIn], readings: Sequence[PictureReading]) -> tuple[WeightedVector, ...]:
    """Return the vectors of pictures for the recommender."""
    return tuple(
        WeightedVector(label_of(reading), tuple(reading.embedding), picture.weight, VectorKind.PICTURE)
        for picture, reading in zip(pictures, readings, strict=True)
    )


def label_of(reading: PictureReading) -> str:
    """Return a name for a picture: what it shows, or else how it looks."""
    return ", ".join(reading.shows[:NAMES_IN_LABEL]) or reading.looks
