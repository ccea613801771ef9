"""What listeners play now."""

from http import HTTPStatus

from flask import Blueprint

from services.api.context import resolve_track, services
from services.api.http.operation import operation
from services.api.playing import note_playing, now_playing
from services.api.schemas.listens import listener_named
from services.api.schemas.playing import NowPlaying, PlayingIn
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.catalog.database import now
from services.domain.access import Scope
from services.domain.listening import NewListen

playing = Blueprint("playing", __name__, url_prefix="/v1")


@playing.get("/now-playing")
@operation("getNowPlaying", "Get what listeners play now", returns=NowPlaying)
@needs(Scope.LISTEN)
def get_now_playing() -> NowPlaying:
    """Get what the listeners that the key may reach play now, latest first.

    Players tell it through this API, Subsonic, ListenBrainz or Audioscrobbler. A track is listed until it ends, or for
    ten minutes if its length is not known. The broker keeps this in memory only.
    """
    return now_playing(services(), principal())


@playing.put("/users/<user>/now-playing")
@operation(
    "setNowPlaying",
    "Tell what a listener plays now",
    body=PlayingIn,
    status=HTTPStatus.NO_CONTENT,
    meaning="The track is listed as playing.",
)
@needs(Scope.LISTEN, listener="user", records_listens=True)
def set_now_playing(user: str, body: PlayingIn) -> None:
    """Tell which track a listener has just started to play. It is no listen: record the play when it has ended."""
    note_playing(listener_named(user), NewListen(names=(resolve_track(body.track_id),), at=now()), body.client)


@playing.delete("/users/<user>/now-playing")
@operation(
    "clearNowPlaying", "Tell that a listener plays nothing", status=HTTPStatus.NO_CONTENT, meaning="Nothing is listed."
)
@needs(Scope.LISTEN, listener="user", records_listens=True)
def clear_now_playing(user: str) -> None:
    """Tell that a listener has stopped. Tracks that play to their end leave the list by themselves."""
    services().now_playing.clear(listener_named(user))
