"""Which track a person means."""

from itertools import islice

from services.api.schemas import Track
from services.client import PAGE, SegueClient
from services.commands import output
from services.domain.errors import InvalidRequest, NotFound

# So many are named when words fit several.
CANDIDATES_SHOWN = 5


def resolve(client: SegueClient, name: str) -> Track:
    """The track with this id or external id, or the only one whose artist, album and title hold these words.

    Raises:
        NotFound: there is none.
        InvalidRequest: there are several; the message names some.
    """
    try:
        return client.track(name)
    except NotFound:
        found = list(islice(client.tracks(name), PAGE))
    exact = [track for track in found if track.title.casefold() == name.casefold()]
    candidates = exact or found
    if not candidates:
        raise NotFound(f"No track has the id '{name}', and none has these words in its artist, album and title.")
    if len(candidates) > 1:
        listed = "\n".join(f"  {track.id}  {output.described(track)}" for track in candidates[:CANDIDATES_SHOWN])
        more = "\n  …" if len(candidates) > CANDIDATES_SHOWN else ""
        raise InvalidRequest(f"'{name}' could be any of these; add words or give the id:\n{listed}{more}")
    return candidates[0]
