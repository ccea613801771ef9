"""A typed client of the HTTP API, for the command line, notebooks and other programs."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from services.api.request_limits import LISTENS_MAX, REPEAT_AFTER_DAYS
from services.api.schemas.exports import Corrections
from services.api.schemas.features import AudioFeatures
from services.api.schemas.library import TrackPage
from services.api.schemas.listens import Forgotten, Listen, ListenPage, ListensRecorded
from services.api.schemas.media import ClipMatches, PictureMatches
from services.api.schemas.moods import Moods, Start, Started
from services.api.schemas.pictures import Picture, PicturePage, PictureResults, TrackPictures
from services.api.schemas.playlists import ImportedPlaylist, Playlist, Playlists, PlaylistSummary
from services.api.schemas.radio import NextTracks, RadioSession
from services.api.schemas.radio import Path as TrackPath
from services.api.schemas.recommendations import Recommendations
from services.api.schemas.service import NotReady, Problem, Readiness
from services.api.schemas.status import FailurePage, FileFailure, Status
from services.api.schemas.tastes import ListenerTaste
from services.api.schemas.tracks import Job, SimilarTracks, Track
from services.api.schemas.words import SearchResults
from services.connection import Answer, Connection, error_of
from services.domain.filters import Filters
from services.domain.job import JobState
from services.domain.listening import ListenEvent, ListenFilter, NewListen
from services.domain.picture import PictureStatus
from services.domain.question import Question
from services.domain.radio import RadioStart
from services.domain.track import TrackStatus
from services.domain.wire import event_as_json, filters_as_parameters, listen_as_json, question_as_json, radio_as_json
from services.playlists.formats import PlaylistFormat

UPLOAD_TIMEOUT_SECONDS = 120.0
PAGE = 100
# A job is asked about soon at first, and then less and less often.
FIRST_POLL_SECONDS = 0.1
LONGEST_POLL_SECONDS = 1.0


class SegueClient(Connection):
    """Asks a Segue service; every method raises the error that the service answered, as its own class.

    Raises:
        ServiceUnreachable: no Segue answers at the URL.
    """

    def tracks(
        self, search: str = "", *, status: TrackStatus | None = None, id_prefix: str = "", page: int = PAGE
    ) -> Iterator[Track]:
        """Every track that matches, in library order, fetched page by page."""
        parameters: dict[str, Any] = {"q": search, "id_prefix": id_prefix, "limit": page}
        parameters |= {} if status is None else {"status": status.value}
        cursor: str | None = None
        while True:
            here = parameters if cursor is None else parameters | {"cursor": cursor}
            found = self._get(TrackPage, "/v1/tracks", params=here)
            yield from found.tracks
            cursor = found.next_cursor
            if cursor is None:
                return

    def track(self, track_id: str) -> Track:
        """One track by its id or an external id."""
        return self._get(Track, f"/v1/tracks/{_segment(track_id)}")

    def similar(
        self, track_id: str, *, limit: int = 10, filters: Filters | None = None, include_fragments: bool = False
    ) -> SimilarTracks:
        """The tracks that feel most like this one."""
        parameters = {"limit": limit, **filters_as_parameters(filters or Filters())}
        parameters |= {"include_fragments": True} if include_fragments else {}
        return self._get(SimilarTracks, f"/v1/tracks/{_segment(track_id)}/similar", params=parameters)

    def search_audio(self, file: Path, *, limit: int = 10, filters: Filters | None = None) -> ClipMatches:
        """Return the tracks that sound like a clip, which is not stored."""
        return self._search(ClipMatches, "audio", file, limit, filters)

    def search_image(self, file: Path, *, limit: int = 10, filters: Filters | None = None) -> PictureMatches:
        """Return the tracks that fit a picture, which is not stored."""
        return self._search(PictureMatches, "image", file, limit, filters)

    def recommend(
        self,
        question: Question,
        *,
        text: Sequence[str] = (),
        mood: str | None = None,
        pictures: Sequence[Path] = (),
        user: str | None = None,
    ) -> Recommendations:
        """What to play after a history, for texts, a mood preset, pictures, a listener, or several of them."""
        contents = [{"content": b64encode(picture.read_bytes()).decode()} for picture in pictures]
        body = question_as_json(question) | {"text": list(text), "mood": mood, "pictures": contents, "user": user}
        return self._ask(Recommendations, "POST", "/v1/recommendations", json=body)

    def search(
        self, text: str, *, limit: int = 10, filters: Filters | None = None, mood: str | None = None
    ) -> SearchResults:
        """The tracks that a text names, then those that sound as it describes."""
        parameters = {"text": text, "limit": limit, **filters_as_parameters(filters or Filters())}
        parameters |= {} if mood is None else {"mood": mood}
        return self._get(SearchResults, "/v1/search", params=parameters)

    def path(
        self,
        start: str,
        end: str,
        *,
        steps: int = 10,
        filters: Filters | None = None,
        include_fragments: bool = False,
    ) -> TrackPath:
        """A smooth path from one track to another."""
        parameters = {"from": start, "to": end, "steps": steps, **filters_as_parameters(filters or Filters())}
        parameters |= {"include_fragments": True} if include_fragments else {}
        return self._get(TrackPath, "/v1/path", params=parameters)

    def start_radio(self, start: RadioStart) -> RadioSession:
        """Start an endless session."""
        return self._ask(RadioSession, "POST", "/v1/radio", json=radio_as_json(start))

    def next_radio_tracks(
        self, session_id: str, events: Sequence[ListenEvent] = (), *, limit: int = 10, call: str | None = None
    ) -> NextTracks:
        """Report what was played and skipped, and get the next tracks; the same `call` gets the same answer again."""
        body = {"events": [event_as_json(event) for event in events], "limit": limit, "call": call}
        return self._ask(NextTracks, "POST", f"/v1/radio/{_segment(session_id)}/next", json=body)

    def steer_radio(
        self, session_id: str, text: Sequence[str] = (), *, mood: str | None = None, limit: int = 10
    ) -> NextTracks:
        """Replace the texts and the mood preset that steer a session, and get the next tracks."""
        body = {"text": list(text), "mood": mood, "limit": limit}
        return self._ask(NextTracks, "POST", f"/v1/radio/{_segment(session_id)}/next", json=body)

    def radio(self, session_id: str) -> RadioSession:
        """A session as it stands."""
        return self._get(RadioSession, f"/v1/radio/{_segment(session_id)}")

    def end_radio(self, session_id: str) -> None:
        """Forget a session."""
        response = self._send("DELETE", f"/v1/radio/{_segment(session_id)}")
        if response.status_code != HTTPStatus.NO_CONTENT:
            raise error_of(self._read(Problem, response))

    def export_tracks(
        self,
        track_ids: Sequence[str],
        name: str,
        kind: PlaylistFormat = PlaylistFormat.M3U8,
        *,
        absolute: bool = False,
    ) -> bytes:
        """Return tracks as a playlist in a file, which is not stored."""
        paths = "absolute" if absolute else "relative"
        body = {"tracks": list(track_ids), "name": name, "format": kind.value, "paths": paths}
        return self._content("POST", "/v1/playlists/export", json=body)

    def set_ids(self, track_id: str, ids: Mapping[str, str | None]) -> Track:
        """Give a track external ids, by namespace; None takes one away."""
        return self._ask(Track, "PUT", f"/v1/tracks/{_segment(track_id)}/ids", json={"ids": dict(ids)})

    def listen(self, user: str, listens: Sequence[NewListen]) -> ListensRecorded:
        """Record what a listener did: all of it is on disk when this returns; sending it again is harmless."""
        outcomes = ListensRecorded(recorded=0, duplicates=0, unknown=0, listens=[])
        for start in range(0, len(listens), LISTENS_MAX):
            body = {"listens": [listen_as_json(listen) for listen in listens[start : start + LISTENS_MAX]]}
            more = self._ask(ListensRecorded, "POST", f"/v1/users/{_segment(user)}/listens", json=body)
            outcomes = ListensRecorded(
                recorded=outcomes.recorded + more.recorded,
                duplicates=outcomes.duplicates + more.duplicates,
                unknown=outcomes.unknown + more.unknown,
                listens=[*outcomes.listens, *more.listens],
            )
        return outcomes

    def listens(self, user: str, wanted: ListenFilter | None = None, *, page: int = PAGE) -> Iterator[Listen]:
        """What a listener did, newest first, fetched page by page."""
        parameters: dict[str, Any] = {"limit": page}
        if wanted is not None:
            parameters |= {"event": [kind.value for kind in wanted.kinds], "tracks": wanted.track_known.value}
            ends = (("since", wanted.since), ("before", wanted.before))
            parameters |= {name: end.isoformat() for name, end in ends if end is not None}
        cursor: str | None = None
        while True:
            here = parameters if cursor is None else parameters | {"cursor": cursor}
            found = self._get(ListenPage, f"/v1/users/{_segment(user)}/listens", params=here)
            yield from found.listens
            cursor = found.next_cursor
            if cursor is None:
                return

    def take_back(self, user: str, listen_id: int) -> None:
        """Delete one listen: a ban, a like or a play by mistake."""
        response = self._send("DELETE", f"/v1/users/{_segment(user)}/listens/{listen_id}")
        if response.status_code != HTTPStatus.NO_CONTENT:
            self._answer(Problem, response)

    def user_recommendations(
        self, user: str, question: Question | None = None, *, repeat_after_days: float | None = REPEAT_AFTER_DAYS
    ) -> Recommendations:
        """What to play to a stored listener; a history in the question counts besides. None never repeats a track."""
        body = question_as_json(question or Question()) | {"user": user, "repeat_after_days": repeat_after_days}
        return self._ask(Recommendations, "POST", "/v1/recommendations", json=body)

    def moods(self) -> Moods:
        """All mood presets."""
        return self._get(Moods, "/v1/moods")

    def start(
        self,
        user: str,
        *,
        moods: Sequence[str] = (),
        artists: Sequence[str] = (),
        tracks: Sequence[str] = (),
        at: datetime | None = None,
    ) -> Started:
        """Store what a new listener likes, and get the first recommendations."""
        chosen = {"moods": list(moods), "artists": list(artists), "tracks": list(tracks)}
        body = chosen | {"at": None if at is None else at.isoformat()}
        return self._ask(Started, "POST", f"/v1/users/{_segment(user)}/start", json=body)

    def started(self, user: str) -> Start | None:
        """What a listener started from; None if nothing is stored."""
        response = self._send("GET", f"/v1/users/{_segment(user)}/start")
        return None if response.status_code == HTTPStatus.NOT_FOUND else self._answer(Start, response)

    def taste(self, user: str) -> ListenerTaste:
        """What a listener likes, in words, and how much is kept of them."""
        return self._get(ListenerTaste, f"/v1/users/{_segment(user)}/taste")

    def export(self, user: str) -> str:
        """Everything that is stored of a listener, as lines of JSON."""
        response = self._send("GET", f"/v1/users/{_segment(user)}/export")
        if response.is_error:
            self._answer(Problem, response)
        return response.text

    def correct(self, user: str, corrections: Corrections) -> None:
        """Remove tracks from the tastes and dismiss tastes."""
        body = corrections.model_dump(mode="json", include=set(Corrections.model_fields))
        response = self._send("POST", f"/v1/users/{_segment(user)}/corrections", json=body)
        if response.status_code != HTTPStatus.NO_CONTENT:
            self._answer(Problem, response)

    def forget(self, user: str) -> Forgotten:
        """Delete everything of a listener."""
        return self._ask(Forgotten, "DELETE", f"/v1/users/{_segment(user)}")

    def audio_features(self, track_id: str) -> AudioFeatures:
        """The analysis of a track."""
        return self._get(AudioFeatures, f"/v1/audio-features/{_segment(track_id)}")

    def scan(self, path: str | Path) -> Job:
        """Take a folder of the service's machine into the library."""
        return self._ask(Job, "POST", "/v1/scans", json={"path": str(path)})

    def scan_pictures(self, path: str | Path) -> Job:
        """Scan a folder of the service's machine for pictures."""
        return self._ask(Job, "POST", "/v1/pictures/scans", json={"path": str(path)})

    def pictures(self, *, status: PictureStatus | None = None, page: int = PAGE) -> Iterator[Picture]:
        """Iterate over all pictures, fetched page by page."""
        parameters: dict[str, Any] = {"limit": page} | ({} if status is None else {"status": status.value})
        cursor: str | None = None
        while True:
            here = parameters if cursor is None else parameters | {"cursor": cursor}
            found = self._get(PicturePage, "/v1/pictures", params=here)
            yield from found.pictures
            cursor = found.next_cursor
            if cursor is None:
                return

    def search_pictures(self, text: str | None = None, *, mood: str | None = None, limit: int = 10) -> PictureResults:
        """Return the pictures that go with a text, a mood preset or both."""
        words = {name: value for name, value in (("text", text), ("mood", mood)) if value is not None}
        return self._get(PictureResults, "/v1/pictures/search", params={**words, "limit": limit})

    def track_pictures(self, track_id: str, *, limit: int = 10) -> TrackPictures:
        """Return the pictures that go with a track."""
        return self._get(TrackPictures, f"/v1/tracks/{_segment(track_id)}/pictures", params={"limit": limit})

    def upload(self, file: Path) -> Job:
        """Send an audio file into the library."""
        with file.open("rb") as stream:
            files = {"file": (file.name, stream)}
            return self._ask(Job, "POST", "/v1/tracks", files=files, timeout=UPLOAD_TIMEOUT_SECONDS)

    def job(self, job_id: str) -> Job:
        """How far a job is."""
        return self._get(Job, f"/v1/jobs/{_segment(job_id)}")

    def wait_for(
        self, job: Job, on_progress: Callable[[Job], None] = lambda _: None, *, timeout: float | None = None
    ) -> Job:
        """Wait until a job ends, telling `on_progress` each time it was asked about.

        Raises:
            TimeoutError: it has not ended after `timeout` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = FIRST_POLL_SECONDS
        on_progress(job)
        while job.state not in (JobState.DONE, JobState.FAILED):
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"Job {job.id} is still {job.state} after {timeout} s.")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
            job = self.job(job.id)
            on_progress(job)
        return job

    def status(self) -> Status:
        """What the service has and where it keeps it."""
        return self._get(Status, "/v1/status")

    def failures(self, *, page: int = PAGE) -> Iterator[FileFailure]:
        """Every file that cannot be used, in the order of their paths, fetched page by page."""
        offset = 0
        while True:
            found = self._get(FailurePage, "/v1/failures", params={"offset": offset, "limit": page})
            yield from found.failures
            offset += len(found.failures)
            if not found.failures or offset >= found.total:
                return

    def ready(self) -> Readiness:
        """Whether every part of the service is ready, and why not."""
        response = self._send("GET", "/readyz")
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return Readiness.model_validate(self._read(NotReady, response).model_dump())
        return self._answer(Readiness, response)

    def playlists(self, owner: str | None = None) -> list[PlaylistSummary]:
        """Return the playlists of a listener, or all that the key may use."""
        return self._get(Playlists, "/v1/playlists", params={} if owner is None else {"owner": owner}).playlists

    def playlist(self, playlist_id: str) -> Playlist:
        """Return a playlist with its tracks."""
        return self._get(Playlist, f"/v1/playlists/{_segment(playlist_id)}")

    def create_playlist(self, name: str, tracks: Sequence[str], *, owner: str | None = None) -> Playlist:
        """Create a playlist of these tracks."""
        body = {"name": name, "tracks": list(tracks), "owner": owner}
        return self._ask(Playlist, "POST", "/v1/playlists", json=body)

    def export_playlist(self, playlist_id: str, kind: PlaylistFormat, *, absolute: bool = False) -> bytes:
        """Return a playlist as a file."""
        query = {"format": kind.value, "paths": "absolute" if absolute else "relative"}
        return self._content("GET", f"/v1/playlists/{_segment(playlist_id)}/export", params=query)

    def import_playlist(self, file: Path, *, name: str | None = None, owner: str | None = None) -> ImportedPlaylist:
        """Create a playlist from an M3U or M3U8 file."""
        fields = {key: value for key, value in (("name", name), ("owner", owner)) if value is not None}
        with file.open("rb") as stream:
            files = {"file": (file.name, stream)}
            return self._ask(ImportedPlaylist, "POST", "/v1/playlists/import", data=fields, files=files)

    def _search(self, answer: type[Answer], kind: str, file: Path, limit: int, filters: Filters | None) -> Answer:
        parameters = {"limit": limit, **filters_as_parameters(filters or Filters())}
        with file.open("rb") as stream:
            files = {"file": (file.name, stream)}
            return self._ask(answer, "POST", f"/v1/search/{kind}", params=parameters, files=files)


def _segment(name: str) -> str:
    return quote(name, safe="")
