"""Stored listeners: what they did, what they like, what to play to them, and forgetting them."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Blueprint, request

from services.api.context import services
from services.api.http.operation import operation
from services.api.request_limits import LISTENS_MAX_BYTES
from services.api.schemas.listens import (
    Forgotten,
    Listen,
    ListenCounts,
    ListenerTaste,
    ListenPage,
    ListenPageQuery,
    ListensIn,
    ListensRecorded,
    listener_named,
)
from services.api.schemas.tracks import Recommendations, Taste
from services.api.schemas.user_query import ListenerQuery, TasteQuery
from services.api.security.permissions import needs
from services.api.v1.recommendations import about, answered
from services.catalog.database import now
from services.domain.access import Scope
from services.domain.errors import NotFound

users = Blueprint("users", __name__, url_prefix="/v1/users")


class ListenNotFound(NotFound):
    """A listener has no listen of this id."""

    def __init__(self, listen_id: int) -> None:
        super().__init__(f"This listener has no listen {listen_id}.")


def _allow_batches() -> None:
    if request.endpoint == "users.add_listens":
        request.max_content_length = LISTENS_MAX_BYTES


users.before_request(_allow_batches)


@users.post("/<user>/listens")
@operation("addListens", "Record what a listener did", body=ListensIn, returns=ListensRecorded)
@needs(Scope.LISTEN, listener="user")
def add_listens(user: str, body: ListensIn) -> ListensRecorded:
    """Record up to a thousand plays, skips, likes, dislikes and bans.

    All of them are on disk when this answers. Sending the same again is harmless: a listen is told by its `key`, or
    else by track, event and time, and `status` says `duplicate`. Tracks that the library does not have are no error:
    the listen is kept, and is of the track as soon as one of that name comes. A listener needs no creating.
    """
    here = now()
    # A moment each: in the order in which they were sent, and none taken for another.
    told = [listen.to_domain(here + timedelta(microseconds=n)) for n, listen in enumerate(body.listens)]
    return ListensRecorded.of(services().catalogue.listens.add(listener_named(user), told))


@users.get("/<user>/listens")
@operation("listListens", "What a listener did", query=ListenPageQuery, returns=ListenPage)
@needs(Scope.LISTEN, listener="user")
def list_listens(user: str, query: ListenPageQuery) -> ListenPage:
    """List what is kept of a listener, newest first; `next_cursor` leads to the next page."""
    page = services().catalogue.listens.page(
        listener_named(user), query.to_domain(), cursor=query.cursor, limit=query.limit
    )
    return ListenPage(listens=[Listen.of(listen) for listen in page.listens], next_cursor=page.next_cursor)


@users.delete("/<user>/listens/<int:listen_id>")
@operation("deleteListen", "Take a listen back", status=HTTPStatus.NO_CONTENT, meaning="It is gone")
@needs(Scope.LISTEN, listener="user")
def delete_listen(user: str, listen_id: int) -> None:
    """Delete one listen as if it had never been: so a ban, a like or a play by mistake is undone."""
    if not services().catalogue.listens.remove(listener_named(user), listen_id):
        raise ListenNotFound(listen_id)


@users.get("/<user>/recommendations")
@operation("getUserRecommendations", "What to play to a listener", query=ListenerQuery, returns=Recommendations)
@needs(Scope.LISTEN, listener="user", expensive=True)
def get_user_recommendations(user: str, query: Any) -> Recommendations:  # noqa: ANN401  its fields are made at run time
    """Answer what is stored of a listener with the tracks to play next.

    The last thousand events make the taste. Bans and dislikes of all times are left out until they are undone; what
    was heard lately comes again only where nothing else is left. A listener of whom nothing is known gets tracks from
    all over the library. `POST /v1/recommendations` with `user` takes a history of its own besides.
    """
    question = about(query.to_question(), listener_named(user), query.repeat_after)
    return answered(services().recommender.recommend(question))


@users.get("/<user>/taste")
@operation("getTaste", "What a listener likes", query=TasteQuery, returns=ListenerTaste)
@needs(Scope.LISTEN, listener="user", expensive=True)
def get_taste(user: str, query: TasteQuery) -> ListenerTaste:
    """Each taste in words, its share and its plays; and how much is kept of the listener."""
    name, listens = listener_named(user), services().catalogue.listens
    tastes = services().recommender.tastes(listens.events(name), query.half_life_days)
    return ListenerTaste(tastes=[Taste.of(taste) for taste in tastes], counts=ListenCounts.of(listens.counts(name)))


@users.delete("/<user>")
@operation("forgetUser", "Forget a listener", returns=Forgotten)
@needs(Scope.LISTEN, listener="user")
def forget(user: str) -> Forgotten:
    """Delete everything of a listener at once. Of one who is unknown, that is nothing."""
    listener, catalogue = listener_named(user), services().catalogue
    catalogue.radio.forget_listener(listener)
    catalogue.idempotency.forget(listener)
    return Forgotten(listens=catalogue.listens.forget(listener))
