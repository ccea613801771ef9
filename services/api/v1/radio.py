"""Radio sessions: endless recommendations that follow the reported plays and skips."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus

from flask import Blueprint, url_for

from services.api.answers import label_of, open_answer, record
from services.api.context import services
from services.api.http.operation import operation
from services.api.libraries import narrowed
from services.api.schemas.radio import NextRequest, NextTracks, RadioRequest, RadioSession, StartedRadio
from services.api.security.authentication import require_listener
from services.api.security.permissions import needs
from services.api.v1 import presenters
from services.catalog.database import is_storable
from services.catalog.radio_documents import state_as_json
from services.domain.access import Scope
from services.domain.errors import RadioNotFound
from services.domain.listening import ListenEvent
from services.domain.radio import WordsChange
from services.domain.recommendation_log import AnswerKind

radio = Blueprint("radio", __name__, url_prefix="/v1")

LOCATION = {"Location": "The path of the session."}


@radio.post("/radio")
@operation(
    "startRadio",
    "Start a radio session",
    body=RadioRequest,
    returns=StartedRadio,
    status=HTTPStatus.CREATED,
    meaning="The session has started. `Location` is its path.",
    headers=LOCATION,
)
@needs(Scope.LISTEN, Scope.READ, expensive=True)
def start_radio(body: RadioRequest) -> tuple[StartedRadio, dict[str, str]]:
    """Start a session from seeds, a listening history or both.

    `limit` returns the first tracks at once; `nextRadioTracks` returns the following ones.

    Filters, targets, exclusions and options apply to the whole session. `text` and `mood` steer it until they are
    replaced. Without seeds and history, the session starts from the tracks that they describe. Seed tracks count as
    heard. A session without seeds, history and words plays tracks from the whole library. A session expires after 30
    days without a call.
    """
    if body.user is not None:
        require_listener(body.user)
    start = body.to_domain()
    entry = open_answer(AnswerKind.RADIO, listener=body.user, session=start.id, private=body.private)
    terms = start.terms.tuned(entry.tuning, body.model_fields_set)
    terms = replace(terms, filters=narrowed(terms.filters, body.user))
    view = services().radio.start(replace(start, terms=terms))
    session_id = view.session.id
    owner = (body.user, body.private)
    first = _next(session_id, owner, [], limit=body.limit) if body.limit else None
    shown = RadioSession.of(services().radio.show(session_id) if body.limit else view)
    location = {"Location": url_for("radio.show_radio", session_id=session_id)}
    answered = StartedRadio.model_construct(
        **dict(shown),
        tracks=[] if first is None else first.tracks,
        recommendation_id=None if first is None else first.recommendation_id,
        experiment=None if first is None else first.experiment,
    )
    return answered, location


@radio.post("/radio/<session_id>/next")
@operation("nextRadioTracks", "Get the next tracks of a radio session", body=NextRequest, returns=NextTracks)
@needs(Scope.LISTEN, Scope.READ, expensive=True)
def next_tracks(session_id: str, body: NextRequest) -> NextTracks:
    """Report what was played and skipped, and get the next tracks.

    No track is repeated, reported or not, until all tracks that match the filters have been returned. Then the tracks
    that were heard longest ago come again, except banned and disliked ones. No track comes twice in a row, so `tracks`
    is empty if no other one matches. Plays and likes move a direction towards
    their tracks. Three rejections in a row deactivate a direction.

    `text` and `mood` steer the session from this call on, for example “calmer now”. If fewer than 10 tracks match a
    comparison such as “faster”, it becomes a target, with a warning. Tracks that were returned before do not change.
    """
    owner = _require_owner(session_id)
    events = [event.to_domain() for event in body.events]
    return _next(session_id, owner, events, limit=body.limit, key=body.call, words=body.change())


@radio.get("/radio/<session_id>")
@operation("getRadio", "Get a radio session", returns=RadioSession)
@needs(Scope.LISTEN, Scope.READ)
def show_radio(session_id: str) -> RadioSession:
    """Get the directions of a session, with labels and whether they are active, and the reported events."""
    _require_owner(session_id)
    return RadioSession.of(services().radio.show(session_id))


@radio.delete("/radio/<session_id>")
@operation("endRadio", "End a radio session", status=HTTPStatus.NO_CONTENT, meaning="The session is deleted.")
@needs(Scope.LISTEN, Scope.READ)
def end_radio(session_id: str) -> None:
    """Delete a session and the events that were reported to it."""
    _require_owner(session_id)
    services().radio.end(session_id)


def _next(  # noqa: PLR0913  the parts of a call
    session_id: str,
    owner: tuple[str | None, bool],
    events: Sequence[ListenEvent],
    *,
    limit: int,
    key: str | None = None,
    words: WordsChange | None = None,
) -> NextTracks:
    listener, is_private = owner
    entry = open_answer(AnswerKind.RADIO, listener=listener, session=session_id, private=is_private)
    answer = services().radio.next(session_id, events, limit=limit, key=key, words=words, recommendation_id=entry.id)
    logged = label_of(entry, answer.recommendation_id)
    if answer.asked is not None:
        picked = [replace(pick.recommendation, taste=pick.direction) for pick in answer.picks]
        logged = record(entry, partial(state_as_json, answer.asked, limit), picked)
    known = services().catalogue.tracks.get_many([pick.recommendation.track_id for pick in answer.picks])
    return presenters.radio_tracks(answer, known, logged)


def _require_owner(session_id: str) -> tuple[str | None, bool]:
    """Check that the key may access the listener of the session; return the listener, and whether it is private."""
    if not is_storable(session_id):
        raise RadioNotFound(session_id)
    listener, is_private = services().catalogue.radio.owner_of(session_id)
    if listener is not None:
        require_listener(listener)
    return listener, is_private
