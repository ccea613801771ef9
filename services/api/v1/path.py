"""A smooth way from one track to another."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.filters import PathQuery
from services.api.schemas.radio import Path, PathTrack
from services.api.security.permissions import needs
from services.domain.access import Scope

path = Blueprint("path", __name__, url_prefix="/v1")


@path.get("/path")
@operation(
    "findPath", "A smooth path between two tracks", problems=(HTTPStatus.NOT_FOUND,), query=PathQuery, returns=Path
)
@needs(Scope.READ, expensive=True)
def find_path(query: Any) -> Path:  # noqa: ANN401  its fields are made at run time
    """Tracks that lead from one to another without a jump, both ends included and none twice.

    The path has `steps` tracks, or fewer where fewer meet the filters; the ends need not meet them. From a track to
    itself it is that track alone.
    """
    found = services().paths.between(query.start, query.end, steps=query.steps, filters=query.to_domain())
    known = services().catalogue.tracks.get_many([step.track_id for step in found])
    return Path(
        tracks=[
            PathTrack.of(known[step.track_id], similarity=step.similarity) for step in found if step.track_id in known
        ]
    )
