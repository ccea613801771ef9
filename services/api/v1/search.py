"""Search by a text."""

from typing import Any

from flask import Blueprint

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.words import SearchQuery, SearchResults
from services.api.security.permissions import needs
from services.api.v1 import presenters
from services.domain.access import Scope

search = Blueprint("search", __name__, url_prefix="/v1")


@search.get("/search")
@operation(
    "searchByText", "Find tracks by a title, an artist or a description", query=SearchQuery, returns=SearchResults
)
@needs(Scope.READ, expensive=True)
def find_tracks(query: Any) -> SearchResults:  # noqa: ANN401  its fields are made at run time
    """Find tracks by a title, an artist or a description, such as “calm piano, under 80 bpm”.

    Tracks whose title or artist is the text come first, then some whose names contain its words, then the tracks that
    sound as it describes. If the text is not understood, `understood.rest` is null, `understood.warnings` contains the
    reason, and only titles and artists are found.
    """
    question = query.to_question()
    found = services().finder.find(query.text, question, query.mood)
    ids = [*(named.track_id for named in found.named), *(each.track_id for each in found.recommendations)]
    return presenters.search_results(found, services().catalogue.tracks.get_many(ids))
