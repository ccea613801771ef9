"""Search by a clip, whose content a worker reads."""

from io import BytesIO
from typing import Any

import numpy as np
from flask import Blueprint, request
from werkzeug.datastructures import FileStorage

from services.api.context import services
from services.api.http.operation import operation
from services.api.request_limits import MEDIA_MAX_BYTES, MULTIPART_OVERHEAD_BYTES
from services.api.schemas.filters import SimilarQuery
from services.api.schemas.media import ClipForm, ClipMatches, HeardClip
from services.api.security.permissions import needs
from services.api.v1 import presenters
from services.domain.access import Scope
from services.domain.errors import UploadTooLarge
from services.ingest.identity import format_of

media = Blueprint("media", __name__, url_prefix="/v1/search")


@media.before_request
def _allow_files() -> None:
    request.max_content_length = MEDIA_MAX_BYTES + MULTIPART_OVERHEAD_BYTES


@media.post("/audio")
@operation(
    "searchByAudio", "Find tracks that sound like a clip", query=SimilarQuery, upload=ClipForm, returns=ClipMatches
)
@needs(Scope.READ, expensive=True)
def search_by_audio(query: Any, upload: ClipForm) -> ClipMatches:  # noqa: ANN401  its fields are made at run time
    """Find the tracks that are most similar to a clip, such as a recording or a loop.

    The clip need not be in the library, and nothing of it is stored. If it is a recording of a track of the library,
    that track usually comes first. A worker analyses the clip; if none answers within 5 s, the status is 503.
    """
    content = _content(upload.file)
    format_of(BytesIO(content))
    found = services().questions.read_clip(content)
    vector = np.asarray(found.embedding, dtype=np.float32)
    hits = services().recommender.nearest(vector, limit=query.limit, filters=query.to_domain())
    known = services().catalogue.tracks.get_many([hit.id for hit in hits])
    return ClipMatches(
        understood=HeardClip.model_validate(found.model_dump(include={"attributes", "descriptors", "tags"})),
        tracks=presenters.matched_tracks(hits, known),
    )


def _content(file: FileStorage) -> bytes:
    content: bytes = file.stream.read(MEDIA_MAX_BYTES + 1)
    if len(content) > MEDIA_MAX_BYTES:
        raise UploadTooLarge(MEDIA_MAX_BYTES)
    return content
