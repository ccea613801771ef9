"""The tastes of stored listeners: what they are made from, and what a listener takes out of them."""

from http import HTTPStatus

from flask import Blueprint

from services.api.context import resolve_track, services
from services.api.http.operation import operation
from services.api.schemas.listens import listener_named
from services.api.schemas.recommendations import TasteQuery
from services.api.schemas.tastes import ListenerTaste
from services.api.security.permissions import needs
from services.api.v1 import presenters
from services.catalog.database import is_storable, now
from services.domain.access import Scope
from services.domain.errors import NotFound

tastes = Blueprint("tastes", __name__, url_prefix="/v1/users/<user>")


class TasteNotFound(NotFound):
    """The listener has no taste with this id."""

    def __init__(self, taste_id: str) -> None:
        super().__init__(f"This listener has no taste '{taste_id}'. List the tastes with GET /v1/users/{{user}}/taste.")


@tastes.get("/taste")
@operation("getTaste", "Get the tastes of a listener", query=TasteQuery, returns=ListenerTaste)
@needs(Scope.LISTEN, listener="user", expensive=True)
def get_taste(user: str, query: TasteQuery) -> ListenerTaste:
    """Get each taste of a listener with its label, share, plays and strongest tracks, and counts of the listens.

    Dismissed tastes and tracks that were removed from the tastes are listed, so that both can be undone.
    """
    name, catalogue = listener_named(user), services().catalogue
    found = services().tastes.of(name, query.half_life_days)
    removed = catalogue.tastes.removed_tracks(name)
    known = catalogue.tracks.get_many([*presenters.shown_tracks(found), *(each.track_id for each in removed)])
    return presenters.tastes(found, removed, catalogue.listens.counts(name), known)


@tastes.post("/tastes/<taste_id>/dismiss")
@operation(
    "dismissTaste", "Dismiss a taste", status=HTTPStatus.NO_CONTENT, meaning="Recommendations avoid this kind of music."
)
@needs(Scope.LISTEN, listener="user")
def dismiss_taste(user: str, taste_id: str) -> None:
    """Tell that a taste is not for the listener.

    Its plays no longer count, and recommendations and radio sessions of the listener avoid music of its kind. That does
    not fade; undo it with `undoDismissal`. Seeds, and the history in a request, still count.
    """
    _set_dismissed(user, taste_id, dismissed=True)


@tastes.delete("/tastes/<taste_id>/dismiss")
@operation(
    "undoDismissal", "Undo the dismissal of a taste", status=HTTPStatus.NO_CONTENT, meaning="The taste counts again."
)
@needs(Scope.LISTEN, listener="user")
def undo_dismissal(user: str, taste_id: str) -> None:
    """Let a dismissed taste count again. A taste that is not dismissed does not change."""
    _set_dismissed(user, taste_id, dismissed=False)


def _set_dismissed(user: str, taste_id: str, *, dismissed: bool) -> None:
    at = now() if dismissed else None
    if not is_storable(taste_id) or not services().catalogue.tastes.dismiss(listener_named(user), taste_id, at):
        raise TasteNotFound(taste_id)


@tastes.delete("/tracks/<path:track_id>")
@operation(
    "removeUserTrack",
    "Remove a track from the tastes",
    status=HTTPStatus.NO_CONTENT,
    meaning="The track no longer counts.",
)
@needs(Scope.LISTEN, listener="user")
def remove_track(user: str, track_id: str) -> None:
    """Remove the influence of a track on the tastes of a listener: its plays, skips and likes no longer count.

    That holds for later events of the track, too, until you undo it with `restoreUserTrack`. Its listens stay stored,
    and a ban or a dislike still holds.
    """
    services().catalogue.tastes.remove_tracks(listener_named(user), [resolve_track(track_id)])


@tastes.put("/tracks/<path:track_id>")
@operation(
    "restoreUserTrack",
    "Let a track count again",
    status=HTTPStatus.NO_CONTENT,
    meaning="The listens of the track count.",
)
@needs(Scope.LISTEN, listener="user")
def restore_track(user: str, track_id: str) -> None:
    """Undo the removal of a track from the tastes. A track that was not removed does not change."""
    services().catalogue.tastes.restore_track(listener_named(user), resolve_track(track_id))
