"""The part of ListenBrainz's API that scrobblers and their like call, at the root as there: `/1/…`."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, request

from services.api.compat.listenbrainz.answers import BadSubmission, msid_of, register_errors, scrobbles
from services.api.compat.listenbrainz.schemas import (
    LatestImport,
    LatestImportQuery,
    PlayingNow,
    PlayingNowPayload,
    ScrobbleCount,
    ScrobbleCountPayload,
    ScrobblePage,
    ScrobblePagePayload,
    ScrobblerDeletion,
    ScrobblerFeedback,
    ScrobblerImport,
    ScrobblerSubmission,
    ScrobblerSuccess,
    ScrobblesQuery,
    TokenQuery,
    TokenValidity,
)
from services.api.compat.listenbrainz.submission import (
    PLAYING_NOW,
    Feedback,
    moment_of,
    read_feedback,
    read_json,
    read_submission,
    uuid_of,
)
from services.api.compat.listenbrainz.token import TOKENS, listener_of, own, presented_token, speaking_for
from services.api.context import services
from services.api.http.operation import operation
from services.api.request_limits import SCROBBLES_MAX_BYTES, SCROBBLES_PAGE, SCROBBLES_PAGE_MAX
from services.api.schemas.listens import listener_named
from services.api.security.permissions import Access, needs, public, set_default_access
from services.catalog.database import now
from services.catalog.listens import WEIGHED_EVENTS
from services.domain.access import Scope
from services.domain.listening import EventKind, Listen, ListenFilter, NewListen

listenbrainz = Blueprint("listenbrainz", __name__, url_prefix="/1")
register_errors(listenbrainz)
set_default_access(listenbrainz, Access((Scope.LISTEN,), key_locations=TOKENS))

OK = ScrobblerSuccess()
PLAYS = (EventKind.PLAY,)
VERDICT_OF_SCORE = {1: EventKind.LIKE, -1: EventKind.DISLIKE}
LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp()) - 1


def _allow_imports() -> None:
    if request.endpoint == "listenbrainz.submit_listens":
        request.max_content_length = SCROBBLES_MAX_BYTES


listenbrainz.before_request(_allow_imports)


@listenbrainz.post("/submit-listens")
@operation("submitListens", "Submit listens", reads={"body": ScrobblerSubmission}, returns=ScrobblerSuccess)
def submit_listens() -> ScrobblerSuccess:
    """Take listens as ListenBrainz takes them; they are on disk when this answers.

    A listen is of the track that has its recording MBID, else its ISRC, else its artist and title (and, of several,
    its release and duration). One of a track that the library does not have is kept until that comes. What is only
    playing now is taken and not kept: it is not a listen yet.
    """
    listener = speaking_for()
    submission = read_submission(request.get_data(), now())
    if submission.kind != PLAYING_NOW:
        services().catalogue.listens.add(listener, submission.listens)
    return OK


@listenbrainz.get("/validate-token")
@operation("validateToken", "Is a token valid?", reads={"query": TokenQuery}, returns=TokenValidity)
@public
def validate_token() -> TokenValidity:
    """Say whether a token is valid, and whose it is. Where no keys are needed, it is the listener's name."""
    token = presented_token() or request.args.get("token")
    if not token:
        raise BadSubmission("You need to provide an Authorization token.")
    listener = listener_of(token)
    if listener is None:
        return TokenValidity(message="Token invalid.", valid=False)
    return TokenValidity(message="Token valid.", valid=True, user_name=listener)


@listenbrainz.get("/user/<user>/listens")
@operation(
    "getScrobbles",
    "A listener's plays",
    reads={"query": ScrobblesQuery},
    returns=ScrobblePage,
)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS)
def get_listens(user: str) -> ScrobblePage:
    """Plays, newest first; of a listener who is not known, none."""
    listener, here = listener_named(user), services().catalogue
    newest, oldest = _number("max_ts"), _number("min_ts")
    wanted = ListenFilter(
        kinds=PLAYS,
        before=None if newest is None else _at(newest),
        since=None if oldest is None else _at(oldest) + timedelta(microseconds=1),
    )
    count = min(_number("count") or SCROBBLES_PAGE, SCROBBLES_PAGE_MAX)
    forwards = oldest is not None and newest is None
    found = here.listens.page(listener, wanted, limit=count, oldest_first=forwards).listens
    shown = found[::-1] if forwards else found
    counts = here.listens.counts(listener)
    tracks = here.tracks.get_many([listen.track_id for listen in shown if listen.track_id is not None])
    return ScrobblePage(
        payload=ScrobblePagePayload(
            user_id=listener,
            count=len(shown),
            listens=scrobbles(listener, shown, tracks),
            latest_listen_ts=int(counts.last_at.timestamp()) if counts.last_at else 0,
            oldest_listen_ts=int(counts.first_at.timestamp()) if counts.first_at else 0,
        )
    )


@listenbrainz.get("/user/<user>/listen-count")
@operation("getScrobbleCount", "How many plays a listener has", returns=ScrobbleCount)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS)
def get_listen_count(user: str) -> ScrobbleCount:
    """Count plays."""
    count = services().catalogue.listens.count(listener_named(user), ListenFilter(kinds=PLAYS))
    return ScrobbleCount(payload=ScrobbleCountPayload(count=count))


@listenbrainz.get("/user/<user>/playing-now")
@operation("getPlayingNow", "What a listener plays now", returns=PlayingNow)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS)
def get_playing_now(user: str) -> PlayingNow:
    """Nothing, ever: what is playing is not kept until it is a listen."""
    return PlayingNow(payload=PlayingNowPayload(user_id=listener_named(user)))


@listenbrainz.post("/delete-listen")
@operation("deleteScrobble", "Take a play back", reads={"body": ScrobblerDeletion}, returns=ScrobblerSuccess)
def delete_listen() -> ScrobblerSuccess:
    """Delete the plays of a recording at one second; that there is none is no error, as there."""
    listener, body = speaking_for(), read_json(request.get_data())
    msid, at = uuid_of(body.get("recording_msid")), moment_of(body.get("listened_at"))
    if msid is None:
        raise BadSubmission("recording_msid must be a UUID.")
    listens = services().catalogue.listens
    same_second = ListenFilter(kinds=PLAYS, since=at, before=at + timedelta(seconds=1))
    for listen in listens.page(listener, same_second, limit=SCROBBLES_PAGE_MAX).listens:
        if msid_of(listen) == msid:
            listens.remove(listener, listen.id)
    return OK


@listenbrainz.post("/feedback/recording-feedback")
@operation("submitFeedback", "Love or hate a recording", reads={"body": ScrobblerFeedback}, returns=ScrobblerSuccess)
def recording_feedback() -> ScrobblerSuccess:
    """Love is a like, hate a dislike; 0 takes either back. The same again changes nothing."""
    listener = speaking_for()
    feedback = read_feedback(request.get_data())
    kind = VERDICT_OF_SCORE.get(feedback.score)
    of = _meant(listener, feedback)
    verdict = None
    if kind is not None:
        verdict = NewListen(names=of.names, described=of.described, kind=kind, at=now())
    services().catalogue.listens.judge(listener, verdict, of)
    return OK


@listenbrainz.get("/latest-import")
@operation("getLatestImport", "Where an import goes on", reads={"query": LatestImportQuery}, returns=LatestImport)
def get_latest_import() -> LatestImport:
    """From the start, always: what was imported before is known by itself, and nothing is left out."""
    return LatestImport(musicbrainz_id=own(request.args.get("user_name", "")))


@listenbrainz.post("/latest-import")
@operation("setLatestImport", "Note where an import ended", reads={"body": ScrobblerImport}, returns=ScrobblerSuccess)
def set_latest_import() -> ScrobblerSuccess:
    """Taken, and not needed: see the question."""
    speaking_for()
    read_json(request.get_data())
    return OK


def _meant(listener: str, feedback: Feedback) -> NewListen:
    """A listen of the recording that feedback is about.

    Raises:
        BadSubmission: it goes by an id of ours that is of none of the listener's last plays.
    """
    if feedback.mbid is not None:
        return NewListen(names=(f"mbid:{feedback.mbid}",), at=now())
    last = services().catalogue.listens.page(listener, limit=WEIGHED_EVENTS).listens
    found: Listen | None = next((listen for listen in last if msid_of(listen) == feedback.msid), None)
    if found is None:
        raise BadSubmission("No recent listen of yours has this recording_msid: use recording_mbid.")
    names = found.names if found.track_id is None else (found.track_id, *found.names)
    return NewListen(names=names, described=found.described, at=now())


def _number(name: str) -> int | None:
    given = request.args.get(name)
    if not given:
        return None
    try:
        number = int(given)
    except ValueError as error:
        raise BadSubmission(f"Invalid {name} argument: it must be a whole number.") from error
    if number < 0:
        raise BadSubmission(f"'{name}' should be a non-negative integer")
    return number


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(min(seconds, LAST_SECOND), UTC)
