"""Who a client is, the listeners that it may reach, and their tastes."""

from datetime import datetime
from typing import Self

from pydantic import Field

from services.api.schemas.listens import ListenCounts
from services.api.schemas.sessions import OwnSession
from services.api.schemas.tracks import Response, Taste, Track
from services.domain import listening
from services.domain.access import ApiKey, Principal, Scope
from services.domain.people import Session


class OwnKey(Response):
    """The key of the request."""

    id: str
    name: str
    scopes: list[Scope]


class Me(Response):
    """The sender of the request."""

    authenticated: bool = Field(description="Whether the request has a key, or somebody who signed in sent it.")
    key: OwnKey | None = Field(description="Null without a key, and for people who signed in.")
    session: OwnSession | None = Field(description="The sign-in of the person who sent the request. Null with a key.")
    listener: str | None = Field(description="The listener of a key that is bound to exactly one. Null otherwise.")
    listeners: list[str] | None = Field(description="The listeners that the key is bound to. Null means all listeners.")
    scopes: list[Scope] = Field(description="What the request may do. Without a key where none is needed, everything.")

    @classmethod
    def of(cls, sender: Principal, key: ApiKey | None, session: Session | None) -> Self:
        """Return the response for a sender; `key` is None without a key, `session` unless they signed in."""
        return cls(
            authenticated=sender.key_id is not None,
            key=None if key is None else OwnKey(id=key.id, name=key.name, scopes=sorted(key.scopes)),
            session=None if session is None else OwnSession.of(session),
            listener=sender.listener,
            listeners=None if sender.listeners is None else sorted(sender.listeners),
            scopes=[scope for scope in Scope if sender.has_any((scope,))],
        )


class ListenerSummary(Response):
    """A stored listener."""

    name: str
    listens: int = Field(description="Number of stored listens.")
    last_at: datetime | None = Field(description="Time of the last listen. Null without listens.")


class Listeners(Response):
    """The listeners that a key may reach."""

    users: list[ListenerSummary] = Field(description="By name.")

    @classmethod
    def of(cls, found: list[listening.ListenerSummary]) -> Self:
        """Return the response for listeners."""
        return cls(
            users=[ListenerSummary(name=each.name, listens=each.listens, last_at=each.last_at) for each in found]
        )


class TasteTrack(Track):
    """A track behind a taste."""

    share: float = Field(description="Its share of the weight of the taste, 0 to 1.")
    plays: int = Field(description="Number of its plays among the last 1,000 events. 0: liked, or part of the start.")
    liked: bool = Field(description="Whether the listener likes it.")


class OwnTaste(Taste):
    """A taste of a listener, and its strongest tracks."""

    id: str = Field(description="Stays the same while the taste stays about the same.")
    tracks: list[TasteTrack] = Field(description="Up to 12 tracks, strongest first.")


class DismissedTaste(Response):
    """A taste that the listener does not want."""

    id: str
    label: str
    at: datetime = Field(description="When it was dismissed.")
    plays: list[str] = Field(description="Ids of its plays, heaviest first.")


class RemovedTrack(Response):
    """A track that does not count for the tastes."""

    at: datetime = Field(description="When it was removed.")
    track: Track


class ListenerTaste(Response):
    """A listener's tastes, from the last 1,000 events of tracks in the library."""

    tastes: list[OwnTaste] = Field(description="Heaviest first. Empty without usable events.")
    dismissed: list[DismissedTaste] = Field(description="Tastes that the listener does not want.")
    removed: list[RemovedTrack] = Field(description="Tracks that do not count for the tastes, latest first.")
    counts: ListenCounts
