"""The part of ListenBrainz's API that scrobblers use, under `/1/` as in ListenBrainz."""

from datetime import timedelta

from flask import request

from services.api.compat.listenbrainz.auth import (
    TOKENS,
    allowed_listener,
    listener_of,
    presented_token,
    request_listener,
)
from services.api.compat.listenbrainz.blueprint import listenbrainz, number_of
from services.api.compat.listenbrainz.listens import (
    PLAYING_NOW,
    BadSubmission,
    moment_of,
    msid_of,
    playing_listen,
    read_json,
    read_submission,
    scrobbles,
)
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
    ScrobblerImport,
    ScrobblerSubmission,
    ScrobblerSuccess,
    ScrobblesQuery,
    TokenQuery,
    TokenValidity,
)
from services.api.compat.texts import time_of
from services.api.context import services
from services.api.http.operation import operation
from services.api.playing import note_playing, playing_tracks
from services.api.request_limits import SCROBBLES_PAGE, SCROBBLES_PAGE_MAX
from services.api.schemas.listens import listener_named
from services.api.security.permissions import needs, public
from services.catalog.database import now
from services.domain.access import Scope
from services.domain.listening import PLAYS, ListenFilter
from services.imports.values import uuid_of

OK = ScrobblerSuccess()


@listenbrainz.post("/submit-listens")
@operation("submitListens", "Submit listens", reads={"body": ScrobblerSubmission}, returns=ScrobblerSuccess)
@needs(Scope.LISTEN, key_locations=TOKENS, records_listens=True)
def submit_listens() -> ScrobblerSuccess:
    """Submit listens in ListenBrainz's format. The response is sent after they are on disk.

    Segue finds the track of a listen by its recording MBID, else by its ISRC, else by artist and title; if several
    tracks match, release and duration decide. Listens of tracks that are not in the library are stored too, and are
    attached to the track when it is added. A listen of the type `playing_now` is not stored: `getPlayingNow` returns it
    until the track ends.
    """
    listener = request_listener()
    submission = read_submission(request.get_data(), now())
    if submission.kind == PLAYING_NOW:
        note_playing(listener, submission.listens[0], submission.client)
    else:
        services().catalogue.listens.add(listener, submission.listens)
    return OK


@listenbrainz.get("/validate-token")
@operation("validateToken", "Check a token", reads={"query": TokenQuery}, returns=TokenValidity)
@public
def validate_token() -> TokenValidity:
    """Check whether a token is valid, and get its listener. If no key is required, the listener's name is a token."""
    token = presented_token() or request.args.get("token")
    if not token:
        raise BadSubmission("You need to provide an Authorization token.")
    listener = listener_of(token)
    if listener is None:
        return TokenValidity(message="Token invalid.", valid=False)
    return TokenValidity(message="Token valid.", valid=True, user_name=listener)


@listenbrainz.get("/user/<user>/listens")
@operation("getScrobbles", "List the plays of a listener", reads={"query": ScrobblesQuery}, returns=ScrobblePage)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS)
def get_listens(user: str) -> ScrobblePage:
    """List the plays of a listener, newest first. An unknown listener has none."""
    listener, catalogue = listener_named(user), services().catalogue
    newest, oldest = number_of("max_ts"), number_of("min_ts")
    conditions = ListenFilter(
        kinds=PLAYS,
        dated=True,
        before=None if newest is None else time_of(newest),
        since=None if oldest is None else time_of(oldest) + timedelta(microseconds=1),
    )
    count = min(number_of("count") or SCROBBLES_PAGE, SCROBBLES_PAGE_MAX)
    oldest_first = oldest is not None and newest is None
    found = catalogue.listens.page(listener, conditions, limit=count, oldest_first=oldest_first).listens
    shown = found[::-1] if oldest_first else found
    counts = catalogue.listens.counts(listener)
    tracks = catalogue.tracks.get_many([listen.track_id for listen in shown if listen.track_id is not None])
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
@operation("getScrobbleCount", "Count the plays of a listener", returns=ScrobbleCount)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS)
def get_listen_count(user: str) -> ScrobbleCount:
    """Count the plays of a listener. Skips and verdicts do not count."""
    count = services().catalogue.listens.count(listener_named(user), ListenFilter(kinds=PLAYS, dated=True))
    return ScrobbleCount(payload=ScrobbleCountPayload(count=count))


@listenbrainz.get("/user/<user>/playing-now")
@operation("getPlayingNow", "Get what a listener is playing", returns=PlayingNow)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS)
def get_playing_now(user: str) -> PlayingNow:
    """Get the track that the listener's player or scrobbler told last, until it ends. The list is empty otherwise."""
    listener = listener_named(user)
    found, tracks = playing_tracks(services(), [listener])
    listens = [playing_listen(each, tracks.get(each.track_id or "")) for each in found]
    return PlayingNow(payload=PlayingNowPayload(user_id=listener, count=len(listens), listens=listens))


@listenbrainz.post("/delete-listen")
@operation("deleteScrobble", "Delete a play", reads={"body": ScrobblerDeletion}, returns=ScrobblerSuccess)
def delete_listen() -> ScrobblerSuccess:
    """Delete the plays of a recording at a time. As in ListenBrainz, it is no error if there are none."""
    listener, body = request_listener(), read_json(request.get_data())
    msid, at = uuid_of(body.get("recording_msid")), moment_of(body.get("listened_at"))
    if msid is None:
        raise BadSubmission("recording_msid must be a UUID.")
    listens = services().catalogue.listens
    same_second = ListenFilter(kinds=PLAYS, since=at, before=at + timedelta(seconds=1))
    for listen in listens.page(listener, same_second, limit=SCROBBLES_PAGE_MAX).listens:
        if msid_of(listen) == msid:
            listens.remove(listener, listen.id)
    return OK


@listenbrainz.get("/latest-import")
@operation(
    "getLatestImport",
    "Get the time from which an import continues",
    reads={"query": LatestImportQuery},
    returns=LatestImport,
)
def get_latest_import() -> LatestImport:
    """Get 0: an import starts from the beginning, and listens that are already stored are recognised as duplicates."""
    return LatestImport(musicbrainz_id=allowed_listener(request.args.get("user_name", "")))


@listenbrainz.post("/latest-import")
@operation(
    "setLatestImport", "Set the time that an import reached", reads={"body": ScrobblerImport}, returns=ScrobblerSuccess
)
def set_latest_import() -> ScrobblerSuccess:
    """Accept the time and ignore it, because an import always starts from the beginning."""
    request_listener()
    read_json(request.get_data())
    return OK
