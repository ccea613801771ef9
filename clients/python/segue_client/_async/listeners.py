"""Stored listeners: their listens, tastes, start and corrections."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from segue_client import models
from segue_client._async.connection import PAGE, AsyncConnection
from segue_client.arguments import EventKind, listed, parameters, plain, segment
from segue_client.errors import NotFound

# The service takes no more in one request.
LISTENS_MAX = 1000


class ListenerMethods(AsyncConnection):
    """Methods about stored listeners."""

    async def listen(self, user: str, listens: Iterable[models.ListenIn]) -> models.ListensRecorded:
        """Record what a listener did: all of it is on disk when this returns; sending it again is harmless."""
        sent = plain(listed("listens", listens))
        path = f"/v1/users/{segment(user)}/listens"
        answers = [
            await self._ask(models.ListensRecorded, "POST", path, json={"listens": sent[start : start + LISTENS_MAX]})
            for start in range(0, len(sent), LISTENS_MAX)
        ]
        return models.ListensRecorded(
            recorded=sum(each.recorded for each in answers),
            duplicates=sum(each.duplicates for each in answers),
            unknown=sum(each.unknown for each in answers),
            listens=[outcome for each in answers for outcome in each.listens],
        )

    async def listens(  # noqa: PLR0913  each is a filter
        self,
        user: str,
        *,
        events: Sequence[EventKind] | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        tracks: Literal["all", "known", "unknown"] | None = None,
        page: int = PAGE,
    ) -> AsyncIterator[models.Listen]:
        """What a listener did, newest first, fetched page by page."""
        query = parameters(None, event=events, since=plain(since), before=plain(before), tracks=tracks, limit=page)
        while True:
            found = await self._get(models.ListenPage, f"/v1/users/{segment(user)}/listens", query)
            for listen in found.listens:
                yield listen
            if found.next_cursor is None:
                return
            query["cursor"] = found.next_cursor

    async def unmatched(self, user: str, *, limit: int = PAGE) -> list[models.UnmatchedRecording]:
        """What a listener heard that is not in the library, most often heard first, at most `limit` recordings."""
        path, found = f"/v1/users/{segment(user)}/listens/unmatched", list[models.UnmatchedRecording]()
        while len(found) < limit:
            query = {"limit": min(PAGE, limit - len(found)), "offset": len(found)}
            page = (await self._get(models.UnmatchedRecordings, path, query)).recordings
            if not page:
                break
            found += page
        return found

    async def take_back(self, user: str, listen_id: int) -> None:
        """Delete one listen: a ban, a like or a play by mistake."""
        await self.request("DELETE", f"/v1/users/{segment(user)}/listens/{listen_id}")

    async def now_playing(self) -> list[models.Playing]:
        """What the listeners that the key may reach play now, latest first."""
        return (await self._get(models.NowPlaying, "/v1/now-playing")).playing

    async def set_now_playing(self, user: str, track_id: str, *, client: str | None = None) -> None:
        """Tell which track a listener has just started to play, which is no listen yet."""
        body = parameters(None, track_id=track_id, client=client)
        await self.request("PUT", f"/v1/users/{segment(user)}/now-playing", json=body)

    async def clear_now_playing(self, user: str) -> None:
        """Tell that a listener has stopped."""
        await self.request("DELETE", f"/v1/users/{segment(user)}/now-playing")

    async def users(self) -> list[models.ListenerSummary]:
        """The stored listeners that the key may reach."""
        return (await self._get(models.Listeners, "/v1/users")).users

    async def me(self) -> models.Me:
        """What the key may do, and the listeners that it may reach."""
        return await self._get(models.Me, "/v1/me")

    async def taste(self, user: str) -> models.ListenerTaste:
        """What a listener likes, in words, and how much is kept of them."""
        return await self._get(models.ListenerTaste, f"/v1/users/{segment(user)}/taste")

    async def start(
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
        return await self._ask(models.Started, "POST", f"/v1/users/{segment(user)}/start", json=body)

    async def started(self, user: str) -> models.Start | None:
        """What a listener started from; None if nothing is stored."""
        try:
            return await self._get(models.Start, f"/v1/users/{segment(user)}/start")
        except NotFound:
            return None

    async def correct(self, user: str, corrections: models.Corrections) -> None:
        """Remove tracks from the tastes and dismiss tastes."""
        await self.request("POST", f"/v1/users/{segment(user)}/corrections", json=plain(corrections))

    async def annotate(self, user: str, annotations: models.Annotations) -> None:
        """Store stars and ratings."""
        await self.request("POST", f"/v1/users/{segment(user)}/annotations", json=plain(annotations))

    async def export(self, user: str) -> str:
        """Everything that is stored of a listener, as lines of JSON."""
        return (await self.request("GET", f"/v1/users/{segment(user)}/export")).text

    async def forget(self, user: str) -> models.Forgotten:
        """Delete everything of a listener."""
        return await self._ask(models.Forgotten, "DELETE", f"/v1/users/{segment(user)}")
