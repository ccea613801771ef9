"""Endless radio: a session that goes on from what was played and skipped."""

from http import HTTPStatus

from flask import Blueprint, url_for

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.radio import Direction, NextRequest, NextTracks, RadioRequest, RadioSession, RadioTrack
from services.api.security.authentication import require_listener
from services.api.security.permissions import needs
from services.domain.access import Scope
from services.domain.errors import RadioNotFound
from services.domain.radio import RadioAnswer

radio = Blueprint("radio", __name__, url_prefix="/v1")

LOCATION = {"Location": "The session's path."}


@radio.post("/radio")
@operation(
    "startRadio",
    "Start an endless radio",
    body=RadioRequest,
    returns=RadioSession,
    status=HTTPStatus.CREATED,
    meaning="Started; `Location` is the session",
    headers=LOCATION,
)
@needs(Scope.LISTEN, Scope.READ, expensive=True)
def start_radio(body: RadioRequest) -> tuple[RadioSession, dict[str, str]]:
    """Start a session from seeds, a history or both; `next` answers its tracks.

    Filters, targets, exclusions and wishes hold for the whole session. Tracks named as seeds count as heard. A session
    that starts from nothing plays from all over the library. What nobody goes on with for 30 days is dropped.
    """
    if body.user is not None:
        require_listener(body.user)
    view = services().radio.start(body.to_domain())
    return RadioSession.of(view), {"Location": url_for("radio.show_radio", session_id=view.session.id)}


@radio.post("/radio/<session_id>/next")
@operation("nextRadioTracks", "What the radio plays next", body=NextRequest, returns=NextTracks)
@needs(Scope.LISTEN, Scope.READ, expensive=True)
def next_tracks(session_id: str, body: NextRequest) -> NextTracks:
    """Report what was played and skipped, and get the next tracks.

    No track comes twice until the library, as far as it meets the filters, is exhausted; then those unheard for longest
    come again, except banned and disliked ones. Tracks of the last answer that nobody reported are not answered again.
    Plays and likes pull a direction; three rejections in a row turn the session away from it.
    """
    _require_owner(session_id)
    events = [event.to_domain() for event in body.events]
    answer = services().radio.next(session_id, events, limit=body.limit, key=body.call)
    return NextTracks(
        tracks=_with_metadata(answer),
        directions=[Direction.described(each) for each in answer.directions],
        unknown=list(answer.unknown),
    )


@radio.get("/radio/<session_id>")
@operation("getRadio", "A radio session as it stands", returns=RadioSession)
@needs(Scope.LISTEN, Scope.READ)
def show_radio(session_id: str) -> RadioSession:
    """Its directions in words, which of them are active, and what was played."""
    _require_owner(session_id)
    return RadioSession.of(services().radio.show(session_id))


@radio.delete("/radio/<session_id>")
@operation("endRadio", "End a radio session", status=HTTPStatus.NO_CONTENT, meaning="Ended; nothing of it is kept")
@needs(Scope.LISTEN, Scope.READ)
def end_radio(session_id: str) -> None:
    """Forget the session with everything that was reported in it."""
    _require_owner(session_id)
    services().radio.end(session_id)


def _with_metadata(answer: RadioAnswer) -> list[RadioTrack]:
    known = services().catalogue.tracks.get_many([pick.recommendation.track_id for pick in answer.picks])
    return [
        RadioTrack.of(
            known[pick.recommendation.track_id],
            score=pick.recommendation.score,
            because_of=list(pick.recommendation.because_of),
            direction=pick.direction,
        )
        for pick in answer.picks
        if pick.recommendation.track_id in known  # gone from the library since the index answered
    ]


def _require_owner(session_id: str) -> None:
    """Have the key be one that may reach the listener whose session it is, if it is anyone's."""
    if "\0" in session_id:  # PostgreSQL refuses it in any text
        raise RadioNotFound(session_id)
    listener = services().catalogue.radio.listener_of(session_id)
    if listener is not None:
        require_listener(listener)
