"""Stored listeners: their start, listens, tastes and recommendations."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Blueprint, request

from services.api.answers import open_answer, record_question
from services.api.context import services
from services.api.http.operation import operation
from services.api.libraries import narrowed
from services.api.request_limits import LISTENS_MAX_BYTES, REPEAT_AFTER_DAYS
from services.api.schemas.listens import (
    Forgotten,
    Listen,
    ListenPage,
    ListenPageQuery,
    ListensIn,
    ListensRecorded,
    listener_named,
)
from services.api.schemas.moods import Start, Started, StartRequest
from services.api.schemas.recommendations import ListenerQuery, Recommendations
from services.api.schemas.tastes import Listeners, Me
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.api.security.sessions import current_session
from services.api.v1 import presenters
from services.catalog.database import now
from services.domain.access import Scope
from services.domain.errors import NotFound
from services.domain.filters import Filters
from services.domain.question import Question
from services.domain.recommendation_log import AnswerKind
from services.domain.words import Words

me = Blueprint("me", __name__, url_prefix="/v1")
users = Blueprint("users", __name__, url_prefix="/v1/users")


class ListenNotFound(NotFound):
    """The listener has no listen with this id."""

    def __init__(self, listen_id: int) -> None:
        super().__init__(f"This listener has no listen with the id {listen_id}.")


class StartNotFound(NotFound):
    """The listener has no stored start."""

    def __init__(self, listener: str) -> None:
        super().__init__(f"'{listener}' has no start. Store one with POST /v1/users/{{user}}/start.")


def _allow_batches() -> None:
    if request.endpoint == "users.add_listens":
        request.max_content_length = LISTENS_MAX_BYTES


users.before_request(_allow_batches)


@me.get("/me")
@operation("getMe", "Get the own permissions", returns=Me)
@needs(Scope.READ, Scope.LISTEN, Scope.INGEST)
def get_me() -> Me:
    """Get the key of this request, what it may do, and the listeners that it may reach.

    Without a key, where none is needed, a request may do everything for every listener.
    """
    sender = principal()
    if sender.session_id is not None:
        return Me.of(sender, None, current_session())
    if sender.key_id is None:
        return Me.of(sender, None, None)
    found = services().catalogue.keys.find(sender.key_id)
    return Me.of(sender, None if found is None else found.key, None)


@users.get("")
@operation("listUsers", "List the listeners", returns=Listeners)
@needs(Scope.LISTEN)
def list_users() -> Listeners:
    """List the stored listeners that the key may reach, by name, with the number of their listens."""
    return Listeners.of(services().catalogue.listens.listeners(principal().listeners))


@users.post("/<user>/listens")
@operation("addListens", "Record listens", body=ListensIn, returns=ListensRecorded)
@needs(Scope.LISTEN, listener="user", records_listens=True)
def add_listens(user: str, body: ListensIn) -> ListensRecorded:
    """Record up to 1,000 plays, skips, likes, dislikes and bans of a listener.

    The response is sent after the listens are on disk. You can send the same listens again: a listen is identified by
    its `key`, or else by track, event and time, and `status` is `duplicate` if it was stored before. Listens of tracks
    that are not in the library are stored too, and are attached to the track when it is added. A listener is created
    by the first listen.
    """
    received = now()
    # Each listen without a time gets its own microsecond, so that they keep their order and none is a duplicate.
    listens = [listen.to_domain(received + timedelta(microseconds=n)) for n, listen in enumerate(body.listens)]
    return ListensRecorded.of(services().catalogue.listens.add(listener_named(user), listens))


@users.get("/<user>/listens")
@operation("listListens", "List the listens of a listener", query=ListenPageQuery, returns=ListenPage)
@needs(Scope.LISTEN, listener="user")
def list_listens(user: str, query: ListenPageQuery) -> ListenPage:
    """List the stored listens of a listener, newest first. Pass `next_cursor` as `cursor` to get the next page."""
    catalogue = services().catalogue
    page = catalogue.listens.page(listener_named(user), query.to_domain(), cursor=query.cursor, limit=query.limit)
    wanted = {listen.track_id for listen in page.listens if query.details and listen.track_id is not None}
    known = catalogue.tracks.get_many(sorted(wanted)) if wanted else {}
    listens = [Listen.of(listen, known.get(listen.track_id or "")) for listen in page.listens]
    return ListenPage(listens=listens, next_cursor=page.next_cursor)


@users.delete("/<user>/listens/<int:listen_id>")
@operation("deleteListen", "Delete a listen", status=HTTPStatus.NO_CONTENT, meaning="The listen is deleted.")
@needs(Scope.LISTEN, listener="user")
def delete_listen(user: str, listen_id: int) -> None:
    """Delete a listen, for example to undo a ban or a like. It no longer affects recommendations."""
    if not services().catalogue.listens.remove(listener_named(user), listen_id):
        raise ListenNotFound(listen_id)


@users.get("/<user>/recommendations")
@operation("getUserRecommendations", "Recommend tracks to a listener", query=ListenerQuery, returns=Recommendations)
@needs(Scope.LISTEN, listener="user", expensive=True)
def get_user_recommendations(user: str, query: Any) -> Recommendations:  # noqa: ANN401  its fields are made at run time
    """Get the tracks to play next, based on the stored listens of a listener.

    The last 1,000 events determine the tastes. Banned and disliked tracks are left out, however old the verdict is.
    Recently heard tracks are returned only if no others are left. For an unknown listener, the tracks come from the
    whole library. `text` and `mood` describe the music to choose. To send a listening history or weighted texts as
    well, use `POST /v1/recommendations` with `user`.
    """
    remembered = services().catalogue.listens.remembered(listener_named(user), repeat_after=query.repeat_after)
    entry = open_answer(AnswerKind.RECOMMENDATIONS, listener=listener_named(user), private=query.private)
    asked = entry.asked(query.to_question(), query.model_fields_set)
    question = replace(asked, remembered=remembered, filters=narrowed(asked.filters, listener_named(user)))
    question = services().words.read(question, [Words(text) for text in query.text], query.mood)
    answer = services().recommender.recommend(question)
    logged = record_question(entry, question, answer.recommendations)
    known = services().catalogue.tracks.get_many([each.track_id for each in answer.recommendations])
    return presenters.recommendations(answer, known, logged, question.words)


@users.post("/<user>/start")
@operation("startUser", "Start a new listener", body=StartRequest, returns=Started)
@needs(Scope.LISTEN, listener="user", expensive=True)
def start_user(user: str, body: StartRequest) -> Started:
    """Store what a new listener likes, and get the first recommendations.

    Recommendations and radio sessions of the listener then follow these moods, artists and tracks. Each of them counts
    as one play, so their influence fades as the listener's own plays arrive. A second call replaces the first. If no
    choice matches an analysed track, nothing is stored.
    """
    listener, found = listener_named(user), services()
    start, unknown = found.starter.start(body.moods, body.artists, body.tracks, body.at)
    found.catalogue.listens.begin(listener, start)
    remembered = found.catalogue.listens.remembered(listener, repeat_after=timedelta(days=REPEAT_AFTER_DAYS))
    question = Question(remembered=remembered, limit=body.limit, filters=narrowed(Filters(), listener))
    entry = open_answer(AnswerKind.RECOMMENDATIONS, listener=listener)
    question = entry.asked(question)
    answer = found.recommender.recommend(question)
    logged = record_question(entry, question, answer.recommendations)
    known = found.catalogue.tracks.get_many([each.track_id for each in answer.recommendations])
    return Started.of(listener, presenters.recommendations(answer, known, logged), unknown)


@users.get("/<user>/start")
@operation("getUserStart", "Get the start of a listener", returns=Start)
@needs(Scope.LISTEN, listener="user")
def get_user_start(user: str) -> Start:
    """Get the moods, artists and tracks that a listener started from."""
    listener = listener_named(user)
    start = services().catalogue.listens.start(listener)
    if start is None:
        raise StartNotFound(listener)
    return Start.of(start)


@users.delete("/<user>")
@operation("forgetUser", "Delete a listener", returns=Forgotten)
@needs(Scope.LISTEN, listener="user")
def forget(user: str) -> Forgotten:
    """Delete what is stored of a listener: the start, all listens, stars, playlists, tastes, radio sessions and so on.

    An account stays, so that its player can still sign in; `segue forget` deletes it too. An unknown listener is no
    error.
    """
    listener, found = listener_named(user), services()
    found.now_playing.clear(listener)
    return Forgotten(listens=found.catalogue.listeners.forget_history(listener))
