"""Stored listeners: what they did, what they like, what to play to them, and forgetting them."""

from datetime import timedelta
from typing import Any

from apiflask import APIBlueprint
from flask import request

from services.api.context import services
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

users = APIBlueprint("users", __name__, url_prefix="/v1/users", tag="Listeners")


class ListenNotFound(NotFound):
    """A listener has no listen of this id."""

    title = "Listen not found"

    def __init__(self, listen_id: int) -> None:
        super().__init__(f"This listener has no listen {listen_id}.")


def _allow_batches() -> None:
    if request.endpoint == "users.add_listens":
        request.max_content_length = LISTENS_MAX_BYTES


users.before_request(_allow_batches)


@users.post("/<user>/listens")
@users.input(ListensIn, location="json")
@users.output(ListensRecorded)
@users.doc(operation_id="addListens", summary="Record what a listener did")
@needs(Scope.LISTEN, listener="user")
def add_listens(user: str, json_data: ListensIn) -> ListensRecorded:
    """Record up to a thousand plays, skips, likes, dislikes and bans.

    All of them are on disk when this answers. Sending the same again is harmless: a listen is told by its `key`, or
    else by track, event and time, and `status` says `duplicate`. Tracks that the library does not have are no error:
    the listen is kept, and is of the track as soon as one of that name comes. A listener needs no creating.
    """
    here = now()
    # A moment each: in the order in which they were sent, and none taken for another.
    told = [listen.to_domain(here + timedelta(microseconds=n)) for n, listen in enumerate(json_data.listens)]
    return ListensRecorded.of(services().catalogue.listens.add(listener_named(user), told))


@users.get("/<user>/listens")
@users.input(ListenPageQuery, location="query")
@users.output(ListenPage)
@users.doc(operation_id="listListens", summary="What a listener did")
@needs(Scope.LISTEN, listener="user")
def list_listens(user: str, query_data: ListenPageQuery) -> ListenPage:
    """List what is kept of a listener, newest first; `next_cursor` leads to the next page."""
    page = services().catalogue.listens.page(
        listener_named(user), query_data.to_domain(), cursor=query_data.cursor, limit=query_data.limit
    )
    return ListenPage(listens=[Listen.of(listen) for listen in page.listens], next_cursor=page.next_cursor)


@users.delete("/<user>/listens/<int:listen_id>")
@users.output({}, status_code=204, description="It is gone")
@users.doc(operation_id="deleteListen", summary="Take a listen back")
@needs(Scope.LISTEN, listener="user")
def delete_listen(user: str, listen_id: int) -> tuple[str, int]:
    """Delete one listen as if it had never been: so a ban, a like or a play by mistake is undone."""
    if not services().catalogue.listens.remove(listener_named(user), listen_id):
        raise ListenNotFound(listen_id)
    return "", 204


@users.get("/<user>/recommendations")
@users.input(ListenerQuery, location="query")
@users.output(Recommendations)
@users.doc(operation_id="getUserRecommendations", summary="What to play to a listener")
@needs(Scope.LISTEN, listener="user", expensive=True)
def get_user_recommendations(user: str, query_data: Any) -> Recommendations:  # noqa: ANN401  its fields are made at run time
    """Answer what is stored of a listener with the tracks to play next.

    The last thousand events make the taste. Bans and dislikes of all times are left out until they are undone; what
    was heard lately comes again only where nothing else is left. A listener of whom nothing is known gets tracks from
    all over the library. `POST /v1/recommendations` with `user` takes a history of its own besides.
    """
    question = about(query_data.to_question(), listener_named(user), query_data.repeat_after)
    return answered(services().recommender.recommend(question))


@users.get("/<user>/taste")
@users.input(TasteQuery, location="query")
@users.output(ListenerTaste)
@users.doc(operation_id="getTaste", summary="What a listener likes")
@needs(Scope.LISTEN, listener="user", expensive=True)
def get_taste(user: str, query_data: TasteQuery) -> ListenerTaste:
    """Each taste in words, its share and its plays; and how much is kept of the listener."""
    name, listens = listener_named(user), services().catalogue.listens
    tastes = services().recommender.tastes(listens.events(name), query_data.half_life_days)
    return ListenerTaste(tastes=[Taste.of(taste) for taste in tastes], counts=ListenCounts.of(listens.counts(name)))


@users.delete("/<user>")
@users.output(Forgotten)
@users.doc(operation_id="forgetUser", summary="Forget a listener")
@needs(Scope.LISTEN, listener="user")
def forget(user: str) -> Forgotten:
    """Delete everything of a listener at once. Of one who is unknown, that is nothing."""
    listener, catalogue = listener_named(user), services().catalogue
    catalogue.radio.forget_listener(listener)
    catalogue.idempotency.forget(listener)
    return Forgotten(listens=catalogue.listens.forget(listener))
