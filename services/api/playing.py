"""What listeners play now: noted from every API in which a client tells it, and read for pages."""

from collections.abc import Collection

from services.api.context import services
from services.api.request_limits import NAMED_MAX
from services.api.schemas.playing import NowPlaying
from services.catalog import tenancy
from services.composition import Services
from services.domain.access import Principal
from services.domain.listening import NewListen
from services.domain.track import Track
from services.tasks.now_playing import Playing


def note_playing(listener: str, listen: NewListen, client: str | None) -> None:
    """Store what a listener has just started to play; no error if the broker does not respond."""
    catalogue = services().catalogue
    [track_id] = catalogue.listens.tracks_of([listen])
    track = None if track_id is None else catalogue.tracks.get(track_id)
    told = None if listen.described is None else listen.described.duration_ms
    services().now_playing.set(
        Playing(
            listener=listener,
            track_id=track_id,
            described=listen.described,
            client=client and client[:NAMED_MAX],
            started_at=listen.at,
            duration_ms=told or (track and track.duration_ms),
        )
    )


def now_playing(current: Services, client: Principal) -> NowPlaying:
    """Return what the listeners that a client may reach play.

    Raises:
        BrokerUnavailable: the broker does not respond.
    """
    return NowPlaying.of(*playing_tracks(current, client.listeners))


def playing_tracks(current: Services, listeners: Collection[str] | None) -> tuple[list[Playing], dict[str, Track]]:
    """Return what these listeners play, or all, and the tracks of it: in a limited request only of its libraries.

    Raises:
        BrokerUnavailable: the broker does not respond.
    """
    found, limit = current.now_playing.all(listeners), tenancy.libraries()
    known = current.catalogue.tracks.get_many([each.track_id for each in found if each.track_id is not None])
    if limit is not None:
        members = current.catalogue.libraries.members(limit)
        found = [each for each in found if each.listener in members and (each.track_id or "") in {"", *known}]
    return found, known
