"""Stored listeners: their listens, tastes, start and corrections."""

from collections.abc import Iterator, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from segue_client import models
from segue_client._sync.connection import PAGE, Connection
from segue_client.arguments import EventKind, listed, parameters, plain, segment
from segue_client.errors import NotFound

# The service takes no more in one request.
LISTENS_MAX = 1000


class ListenerMethods(Connection):
    """Methods about stored listeners."""

    def listen(self, user: str, listens: Iterable[models.ListenIn]) -> models.ListensRecorded:
        """Record what a listener did: all of it is on disk when this returns; sending it again is harmless."""
        sent = plain(listed("listens", listens))
        path = f"/v1/users/{segment(user)}/listens"
        answers = [
            self._ask(models.ListensRecorded, "POST", path, json={"listens": sent[start : start + LISTENS_MAX]})
            for start in range(0, len(sent), LISTENS_MAX)
        ]
        return models.ListensRecorded(
            recorded=sum(each.recorded for each in answers),
            duplicates=sum(each.duplicates for each in answers),
            unknown=sum(each.unknown for each in answers),
            listens=[outcome for each in answers for outcome in each.listens],
        )

    def listens(  # noqa: PLR0913  each is a filter
        self,
        user: str,
        *,
        events: Sequence[EventKind] | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        tracks: Literal["all", "known", "unknown"] | None = None,
        page: int = PAGE,
    ) -> Iterator[models.Listen]:
        """What a listener did, newest first, fetched page by page."""
        query = parameters(None, event=events, since=plain(since), before=plain(before), tracks=tracks, limit=page)
        while True:
            found = self._get(models.ListenPage, f"/v1/users/{segment(user)}/listens", query)
            for listen in found.listens:
                yield listen
            if found.next_cursor is None:
                return
            query["cursor"] = found.next_cursor

    def unmatched(self, user: str, *, limit: int = PAGE) -> list[models.UnmatchedRecording]:
        """What a listener heard that is not in the library, most often heard first, at most `limit` recordings."""
        path, found = f"/v1/users/{segment(user)}/listens/unmatched", list[models.UnmatchedRecording]()
        while len(found) < limit:
            query = {"limit": min(PAGE, limit - len(found)), "offset": len(found)}
            page = (self._get(models.UnmatchedRecordings, path, query)).recordings
            if not page:
                break
            found += page
        return found

    def take_back(self, user: str, listen_id: int) -> None:
        """Delete one listen: a ban, a like or a play by mistake."""
        self.request("DELETE", f"/v1/users/{segment(user)}/listens/{listen_id}")

    def now_playing(self) -> list[models.Playing]:
        """What the listeners that the key may reach play now, latest first."""
        return (self._get(models.NowPlaying, "/v1/now-playing")).playing

    def set_now_playing(self, user: str, track_id: str, *, client: str | None = None) -> None:
        """Tell which track a listener has just started to play, which is no listen yet."""
        body = parameters(None, track_id=track_id, client=client)
        self.request("PUT", f"/v1/users/{segment(user)}/now-playing", json=body)

    def clear_now_playing(self, user: str) -> None:
        """Tell that a listener has stopped."""
        self.request("DELETE", f"/v1/users/{segment(user)}/now-playing")

    def users(self) -> list[models.ListenerSummary]:
        """The stored listeners that the key may reach."""
        return (self._get(models.Listeners, "/v1/users")).users

    def me(self) -> models.Me:
        """What the key may do, and the listeners that it may reach."""
        return self._get(models.Me, "/v1/me")

    def taste(self, user: str) -> models.ListenerTaste:
        """What a listener likes, in words, and how much is kept of them."""
        return self._get(models.ListenerTaste, f"/v1/users/{segment(user)}/taste")

    def start(
        self,
        user: str,
        *,
        moods: Sequence[str] = (),
        artists: Sequence[str] = (),
        tracks: Sequence[str] = (),
        at: datetime | None = None,
    ) -> models.Started:
        """Store what a new listener likes, and get the first recommendations."""
        given = {"moods": moods, "artists": artists, "tracks": tracks}
        body: dict[str, Any] = {name: listed(name, values) for name, values in given.items()} | {"at": plain(at)}
        return self._ask(models.Started, "POST", f"/v1/users/{segment(user)}/start", json=body)

    def started(self, user: str) -> models.Start | None:
        """What a listener started from; None if nothing is stored."""
        try:
            return self._get(models.Start, f"/v1/users/{segment(user)}/start")
        except NotFound:
            return None

    def correct(self, user: str, corrections: models.Corrections) -> None:
        """Remove tracks from the tastes and dismiss tastes."""
        self.request("POST", f"/v1/users/{segment(user)}/corrections", json=plain(corrections))

    def annotate(self, user: str, annotations: models.Annotations) -> None:
        """Store stars and ratings."""
        self.request("POST", f"/v1/users/{segment(user)}/annotations", json=plain(annotations))

    def export(self, user: str) -> str:
        """Everything that is stored of a listener, as lines of JSON."""
        return (self.request("GET", f"/v1/users/{segment(user)}/export")).text

    def forget(self, user: str) -> models.Forgotten:
        """Delete everything of a listener."""
        return self._ask(models.Forgotten, "DELETE", f"/v1/users/{segment(user)}")
