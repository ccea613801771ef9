"""Radio sessions."""

import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self, Unpack

from segue_client import models
from segue_client._async.connection import AsyncConnection
from segue_client.arguments import EventKind, Heard, Steering, Terms, events, plain, segment
from segue_client.arguments import radio as radio_of
from segue_client.errors import NotFound, SegueError, ServiceUnreachable

_INSTEAD_OF_A_PLAY = {"skip", "dislike", "ban"}
# The service accepts no longer time.
_PLAYED_MS_MAX = 86_400_000


class AsyncRadio:
    """An endless session: iterate over its tracks, and say what the listener does with the current one.

    Asking for the next track reports the current one: as played, unless it was skipped, disliked or banned. If this
    fails, ask again: the session then returns the track that was lost, and what was reported meanwhile goes with the
    request after it. A session is asked for one track at a time; `next_radio_tracks` returns several at once.
    """

    def __init__(self, methods: "RadioMethods", session: models.RadioSession) -> None:
        self._methods = methods
        self.session = session
        """The session as it was when it was started or found."""
        self.current: models.RadioTrack | None = None
        """The track that was returned last."""
        self.answer: models.NextTracks | None = None
        """The last answer: directions, and what was understood of the texts."""
        self._events: list[models.ListenEvent] = []
        self._words: Steering = {}
        self._call = session.answered
        self._sent: tuple[list[models.ListenEvent], int, Steering] | None = None
        self._asking = threading.Lock()

    @property
    def id(self) -> str:
        """Id of the session."""
        return self.session.id

    def __aiter__(self) -> Self:
        """Return the session itself."""
        return self

    async def __anext__(self) -> models.RadioTrack:
        """Return the next track; the iteration ends if no other track meets the conditions of the session.

        Raises:
            RuntimeError: another thread or task is asking this session for a track.
        """
        if not self._asking.acquire(blocking=False):
            raise RuntimeError(
                f"The session {self.id} is being asked for a track already. Ask for one at a time, or call "
                "next_radio_tracks for several."
            )
        try:
            self.answer = await self._next()
        finally:
            self._asking.release()
        self.current = self.answer.tracks[0] if self.answer.tracks else None
        if self.current is None:
            raise StopAsyncIteration
        return self.current

    def skip(self, *, played_ms: int | None = None) -> None:
        """Report that the current track was skipped, after `played_ms` milliseconds.

        Raises:
            ValueError: `played_ms` is not an integer from 0 to 86,400,000, or no track was returned yet.
        """
        self._report("skip", played_ms)

    def like(self) -> None:
        """Report that the listener likes the current track; it counts as played, too."""
        self._report("like", None)

    def dislike(self) -> None:
        """Report that the listener dislikes the current track."""
        self._report("dislike", None)

    def ban(self) -> None:
        """Report that the current track must never be recommended again."""
        self._report("ban", None)

    def steer(self, **words: Unpack[Steering]) -> None:
        """Replace the texts or the mood preset that steer the session, from the next track on."""
        self._words = words

    async def end(self) -> None:
        """Forget the session."""
        await self._methods.end_radio(self.id)

    async def __aenter__(self) -> Self:
        """Return the session itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget the session; it may be gone already, and an error of the block counts more than one of this."""
        try:
            await self.end()
        except SegueError as failed:
            if error is None and not isinstance(failed, NotFound):
                raise

    async def _next(self) -> models.NextTracks:
        """Send a request whose answer was lost as it was, else what was reported since the last answer."""
        if self._sent is None:
            self._sent = self._reported(), len(self._events), self._words
        reported, count, words = self._sent
        try:
            found = await self._methods.next_radio_tracks(self.id, reported, limit=1, call=f"{self._call}", **words)
        except Exception as error:
            # If the answer was lost, the next request must be the same: the service may have processed this one.
            if not isinstance(error, ServiceUnreachable):
                self._sent = None
            raise
        self._sent = None
        self._call += 1
        del self._events[:count]
        if self._words is words:
            self._words = {}
        return found

    def _report(self, event: EventKind, played_ms: int | None) -> None:
        if self.current is None:
            raise ValueError(f"No track of the session {self.id} was returned yet, so there is none to {event}.")
        if played_ms is not None and not (isinstance(played_ms, int) and 0 <= played_ms <= _PLAYED_MS_MAX):
            raise ValueError(f"`played_ms` must be an integer from 0 to {_PLAYED_MS_MAX:,}: played_ms={played_ms!r}.")
        self._events.append(models.ListenEvent(track_id=self.current.id, event=event, played_ms=played_ms))

    def _reported(self) -> list[models.ListenEvent]:
        reported = list(self._events)
        if self.current is None:
            return reported
        own = [each for each in reported if each.track_id == self.current.id]
        if not _INSTEAD_OF_A_PLAY & {str(each.event) for each in own}:
            reported.insert(len(reported) - len(own), models.ListenEvent(track_id=self.current.id))
        return reported


class RadioMethods(AsyncConnection):
    """Methods about radio sessions."""

    async def radio(
        self,
        seeds: models.RadioSeeds | Sequence[str] = (),
        *,
        history: Iterable[Heard] = (),
        **terms: Unpack[Terms],
    ) -> AsyncRadio:
        """Start an endless session from ids of tracks, or from artists, genres and tags as `RadioSeeds`."""
        body = radio_of(seeds, history, terms)
        return AsyncRadio(self, await self._ask(models.RadioSession, "POST", "/v1/radio", json=body))

    async def resume_radio(self, session_id: str) -> AsyncRadio:
        """Find a session again by its id."""
        return AsyncRadio(self, await self._get(models.RadioSession, f"/v1/radio/{segment(session_id)}"))

    async def next_radio_tracks(
        self,
        session_id: str,
        history: Iterable[Heard] = (),
        *,
        limit: int = 10,
        call: str | None = None,
        **words: Unpack[Steering],
    ) -> models.NextTracks:
        """Report events and get several tracks at once; the same `call` gets the same answer again.

        `text` and `mood` replace those that steer the session; without them, it keeps its own.
        """
        body = {"events": events(history), "limit": limit, "call": call} | plain(words)
        return await self._ask(models.NextTracks, "POST", f"/v1/radio/{segment(session_id)}/next", json=body)

    async def end_radio(self, session_id: str) -> None:
        """Forget a session."""
        await self.request("DELETE", f"/v1/radio/{segment(session_id)}")
