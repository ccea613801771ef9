"""A smooth way from one track to another."""

from typing import Any

from apiflask import APIBlueprint

from services.api.context import services
from services.api.schemas.filters import PathQuery
from services.api.schemas.radio import Path, PathTrack
from services.api.security.permissions import needs
from services.domain.access import Scope

path = APIBlueprint("path", __name__, url_prefix="/v1", tag="Recommendations")


@path.get("/path")
@path.input(PathQuery, location="query")
@path.output(Path)
@path.doc(operation_id="findPath", summary="A smooth path between two tracks")
@needs(Scope.READ, expensive=True)
def find_path(query_data: Any) -> Path:  # noqa: ANN401  its fields are made at run time
    """Tracks that lead from one to another without a jump, both ends included and none twice.

    The path has `steps` tracks, or fewer where fewer meet the filters; the ends need not meet them. From a track to
    itself it is that track alone.
    """
    found = services().paths.between(
        query_data.start, query_data.end, steps=query_data.steps, filters=query_data.to_domain()
    )
    known = services().catalogue.tracks.get_many([step.track_id for step in found])
    return Path(
        tracks=[
            PathTrack.of(known[step.track_id], similarity=step.similarity) for step in found if step.track_id in known
        ]
    )
