"""Find the service, and the tracks that a command names."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from segue_client import NotFound, Segue
from segue_client.models import Track

from services.cli import output
from services.cli.tables import ID_LENGTH, distinct_end, short_ids
from services.domain import errors
from services.domain.errors import InvalidRequest
from services.settings import Settings
from services.storage.locks import running_url
from services.tasks.presence import Workers
from services.tasks.queue import open_queue

# Number of tracks that an error message lists when a name is ambiguous, and that are looked at.
CANDIDATES_SHOWN = 5
CANDIDATES_MAX = 100
_SHORT_ID = re.compile(rf"[0-9a-f][0-9a-f-]{{{ID_LENGTH - 1},35}}")


def address(settings: Settings) -> str:
    """Return the address of the service: `SEGUE_URL`, that of the running `segue up`, or `service_url`."""
    return settings.url or running_url(settings) or settings.service_url


def connect(settings: Settings) -> Segue:
    """Return a client of the service at its address."""
    return Segue(address(settings), key=settings.client_key)


def is_watched(settings: Settings) -> bool:
    """Return whether a watcher is alive, from the broker of the settings, or from the service that has its own."""
    if settings.redis_url is not None:
        return Workers(open_queue(settings)).is_watched()
    with connect(settings) as client:
        return client.status().watched is True


def find_track(client: Segue, name: str) -> Track:
    """Return the track with this id, abbreviated id or external id, or the only one that matches the words.

    Raises:
        NotFound: no track matches.
        InvalidRequest: several tracks match; the message lists some.
    """
    if not name.strip():
        raise InvalidRequest("The name of a track is empty.")
    try:
        return client.track(name)
    except NotFound:
        candidates = _candidates(client, name)
    if not candidates:
        raise errors.NotFound(f"No track has the id '{name}' or these words in its artist, album and title.")
    if len(candidates) > 1:
        raise InvalidRequest(f"'{name}' matches several tracks. Add words or use an id:\n{_listed(candidates)}")
    return candidates[0]


def find_tracks(client: Segue, names: Iterable[str]) -> list[Track]:
    """Return the tracks with these names, as `find_track` does."""
    return [find_track(client, name) for name in names]


def _candidates(client: Segue, name: str) -> list[Track]:
    if _SHORT_ID.fullmatch(name.lower()):
        found = list(islice(client.tracks(id_prefix=name.lower()), CANDIDATES_MAX))
        if found:
            return found
    found = list(islice(client.tracks(name), CANDIDATES_MAX))
    return [track for track in found if track.title.casefold() == name.casefold()] or found


def _listed(candidates: Sequence[Track]) -> str:
    """Return one line for each of the first candidates; where two are alike, it ends with the file."""
    described = [output.describe(track) for track in candidates]
    lines = []
    for short, names, track in zip(short_ids([track.id for track in candidates]), described, candidates, strict=True):
        alike = [each.path or "" for each, other in zip(candidates, described, strict=True) if other == names]
        file = f"  {distinct_end(track.path or '', alike)}" if len(alike) > 1 else ""
        lines.append(f"  {short}  {names}{file}")
    return "\n".join(lines[:CANDIDATES_SHOWN] + ["  …"] * (len(lines) > CANDIDATES_SHOWN))
