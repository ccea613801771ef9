"""Search by a clip, a picture or a video, which a worker reads."""

from collections.abc import Sequence
from http import HTTPStatus
from io import BytesIO
from typing import Any

import numpy as np
from flask import Blueprint, request
from pydantic import Field
from werkzeug.datastructures import FileStorage

from services.api.context import services
from services.api.http.operation import UploadedFile, operation
from services.api.request_limits import MEDIA_MAX_BYTES, MULTIPART_OVERHEAD_BYTES
from services.api.schemas.filters import SimilarQuery
from services.api.schemas.media import ClipMatches, HeardClip, MatchedTrack, PictureMatches, SeenVideo, VideoMatches
from services.api.schemas.tracks import Request
from services.api.security.permissions import needs
from services.api.v1 import presenters
from services.domain.access import Scope
from services.domain.errors import UploadTooLarge
from services.ingest.formats import audio_format, picture_format, video_format
from services.recommend.videos import CANDIDATES, Wanted, fitting

media = Blueprint("media", __name__, url_prefix="/v1/search")

MEGABYTES = MEDIA_MAX_BYTES // 2**20


class ClipForm(Request):
    """A form with one clip."""

    file: UploadedFile = Field(
        description=f"The clip: MP3, FLAC, Ogg Vorbis, Opus or WAV, and with ffmpeg M4A and others; at least 5 s, "
        f"at most {MEGABYTES} MiB."
    )


class PictureForm(Request):
    """A form with one picture."""

    file: UploadedFile = Field(description=f"The picture: JPEG, PNG, WebP or GIF; at most {MEGABYTES} MiB.")


class VideoForm(Request):
    """A form with one video."""

    file: UploadedFile = Field(
        description="The video: MP4, QuickTime, Matroska, WebM, AVI, MPEG, FLV or WMV; 2 s to 2 min, at most "
        f"{MEGABYTES} MiB."
    )


@media.before_request
def _allow_files() -> None:
    request.max_content_length = MEDIA_MAX_BYTES + MULTIPART_OVERHEAD_BYTES


@media.post("/audio")
@operation(
    "searchByAudio",
    "Find tracks that sound like a clip",
    query=SimilarQuery,
    upload=ClipForm,
    returns=ClipMatches,
    problems=(HTTPStatus.NOT_IMPLEMENTED,),
)
@needs(Scope.READ, expensive=True)
def search_by_audio(query: Any, upload: ClipForm) -> ClipMatches:  # noqa: ANN401  its fields are made at run time
    """Find the tracks that are most similar to a clip, such as a recording or a loop.

    The clip need not be in the library, and nothing of it is stored. If it is a recording of a track of the library,
    that track usually comes first. A worker analyses the clip; if none answers within 5 s, the status is 503.
    At most 8 clips and pictures wait for a worker at a time, and as many of one API process as half of its threads, by
    default 4. The status of further requests is 503 at once, with the reason. A format that only ffmpeg decodes has the
    status 501 if the workers have no ffmpeg.
    """
    content = _content(upload.file)
    audio_format(BytesIO(content))
    found = services().questions.read_clip(content)
    heard = HeardClip.model_validate(found.model_dump(exclude={"embedding"}))
    return ClipMatches(understood=heard, tracks=_nearest(found.embedding, query))


@media.post("/image")
@operation(
    "searchByImage", "Find tracks that fit a picture", query=SimilarQuery, upload=PictureForm, returns=PictureMatches
)
@needs(Scope.READ, expensive=True)
def search_by_image(query: Any, upload: PictureForm) -> PictureMatches:  # noqa: ANN401
    """Find the tracks that fit what a picture shows and how it looks.

    Nothing of the picture is stored. `understood` explains the answer. A worker reads the picture; if none answers
    within 5 s, the status is 503. The same limits apply as to clips in `POST /v1/search/audio`.
    """
    content = _content(upload.file)
    picture_format(content)
    found = services().questions.read_picture(content)
    return PictureMatches(understood=presenters.seen_picture(found), tracks=_nearest(found.embedding, query))


@media.post("/video")
@operation(
    "searchByVideo",
    "Find music that fits a video",
    query=SimilarQuery,
    upload=VideoForm,
    returns=VideoMatches,
    problems=(HTTPStatus.NOT_IMPLEMENTED,),
)
@needs(Scope.READ, expensive=True)
def search_by_video(query: Any, upload: VideoForm) -> VideoMatches:  # noqa: ANN401
    """Find the tracks whose mood, length and build fit a video clip.

    A worker looks at one frame a second, and measures cuts and motion. `understood` explains the answer. Nothing of the
    video is stored, and its sound is not heard. The workers need ffmpeg: without it the status is 501. If none answers
    within 40 s, the status is 503; a clip of half a minute takes a few seconds. The same limits apply as to clips in
    `POST /v1/search/audio`.
    """
    content = _content(upload.file)
    video_format(BytesIO(content))
    found = services().questions.read_video(content)
    seen = SeenVideo.model_validate(found.model_dump(exclude={"embedding"}))
    vector = np.asarray(found.embedding, dtype=np.float32)
    hits = services().recommender.nearest(vector, limit=CANDIDATES, filters=query.to_domain())
    ids = [hit.id for hit in hits]
    tracks = services().catalogue.tracks
    wanted = Wanted(found.seconds, found.energy, found.valence, changes=found.build != "steady")
    fits = fitting(hits, tracks.get_many(ids), tracks.dispersions(ids), wanted, query.limit)
    return VideoMatches(understood=seen, tracks=presenters.fitting_tracks(fits))


def _content(file: FileStorage) -> bytes:
    content: bytes = file.stream.read(MEDIA_MAX_BYTES + 1)
    if len(content) > MEDIA_MAX_BYTES:
        raise UploadTooLarge(MEDIA_MAX_BYTES)
    return content


def _nearest(embedding: Sequence[float], query: Any) -> list[MatchedTrack]:  # noqa: ANN401
    vector = np.asarray(embedding, dtype=np.float32)
    hits = services().recommender.nearest(vector, limit=query.limit, filters=query.conditions())
    return presenters.matched_tracks(hits, services().catalogue.tracks.get_many([hit.id for hit in hits]))
