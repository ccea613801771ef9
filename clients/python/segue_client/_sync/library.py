"""The library and the service: tracks, scans and uploads, jobs, pictures, status and keys."""

import time
import time as clock
from collections.abc import Iterator, Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from segue_client import models
from segue_client._sync.connection import PAGE, UPLOAD_TIMEOUT_SECONDS, Connection
from segue_client.arguments import Upload, listed, parameters, segment
from segue_client.arguments import upload as file_of

TrackStatus = Literal["pending", "ready", "failed", "quarantined", "missing"]
PictureStatus = Literal["pending", "ready", "failed"]
ENDED = {"done", "failed"}
# A job is asked about soon at first, and then less and less often.
FIRST_POLL_SECONDS = 0.1
LONGEST_POLL_SECONDS = 1.0


class Library(Connection):
    """Methods about the library and the service."""

    def tracks(
        self,
        search: str | None = None,
        *,
        status: TrackStatus | None = None,
        id_prefix: str | None = None,
        page: int = PAGE,
    ) -> Iterator[models.Track]:
        """Every track that matches, in library order, fetched page by page."""
        query = parameters(None, q=search, status=status, id_prefix=id_prefix, limit=page)
        while True:
            found = self._get(models.TrackPage, "/v1/tracks", query)
            for track in found.tracks:
                yield track
            if found.next_cursor is None:
                return
            query["cursor"] = found.next_cursor

    def track(self, track_id: str) -> models.Track:
        """One track by its id or an external id."""
        return self._get(models.Track, f"/v1/tracks/{segment(track_id)}")

    def set_ids(self, track_id: str, ids: Mapping[str, str | None]) -> models.Track:
        """Give a track external ids, by namespace; None takes one away."""
        return self._ask(models.Track, "PUT", f"/v1/tracks/{segment(track_id)}/ids", json={"ids": dict(ids)})

    def delete_track(self, track_id: str) -> None:
        """Delete a track from the library; its files stay."""
        self.request("DELETE", f"/v1/tracks/{segment(track_id)}")

    def audio(self, track_id: str) -> bytes:
        """The file of a track."""
        return (self.request("GET", f"/v1/tracks/{segment(track_id)}/audio")).content

    def highlight(self, track_id: str) -> models.TrackHighlight:
        """The 30 s of a track that are most typical of it, for previews."""
        return self._get(models.TrackHighlight, f"/v1/tracks/{segment(track_id)}/highlight")

    def cover(self, track_id: str, *, size: int | None = None) -> bytes:
        """The cover of a track, or a drawing if it has none."""
        query = parameters(None, size=size)
        return (self.request("GET", f"/v1/tracks/{segment(track_id)}/cover", params=query)).content

    def scan(self, path: str | Path) -> models.Job:
        """Take a folder of the service's machine into the library."""
        return self._ask(models.Job, "POST", "/v1/scans", json={"path": str(path)})

    def upload(self, file: Upload) -> models.Job:
        """Send an audio file into the library."""
        return self._ask(models.Job, "POST", "/v1/tracks", files=file_of(file), timeout=UPLOAD_TIMEOUT_SECONDS)

    def job(self, job_id: str) -> models.Job:
        """How far a job is."""
        return self._get(models.Job, f"/v1/jobs/{segment(job_id)}")

    def wait_for(
        self,
        job: models.Job,
        on_progress: Callable[[models.Job], None] = lambda _: None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  the job goes on afterwards
    ) -> models.Job:
        """Wait until a job ends, telling `on_progress` each time it was asked about.

        Raises:
            TimeoutError: it has not ended after `timeout` seconds.
        """
        deadline = None if timeout is None else clock.monotonic() + timeout
        pause = FIRST_POLL_SECONDS
        on_progress(job)
        while job.state not in ENDED:
            if deadline is not None and clock.monotonic() > deadline:
                raise TimeoutError(f"Job {job.id} is still {job.state} after {timeout} s.")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
            job = self.job(job.id)
            on_progress(job)
        return job

    def pictures(self, *, status: PictureStatus | None = None) -> Iterator[models.Picture]:
        """Every picture, fetched page by page."""
        query = parameters(None, status=status, limit=PAGE)
        while True:
            found = self._get(models.PicturePage, "/v1/pictures", query)
            for picture in found.pictures:
                yield picture
            if found.next_cursor is None:
                return
            query["cursor"] = found.next_cursor

    def scan_pictures(self, path: str | Path) -> models.Job:
        """Scan a folder of the service's machine for pictures."""
        return self._ask(models.Job, "POST", "/v1/pictures/scans", json={"path": str(path)})

    def status(self) -> models.Status:
        """What the service has and where it keeps it."""
        return self._get(models.Status, "/v1/status")

    def ready(self) -> models.Readiness:
        """Whether every part of the service is ready, and why not."""
        response = self._send("GET", "/readyz")
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            found = self._read(models.NotReady, response)
            return models.Readiness(ready=found.ready, parts=found.parts)
        return self._read(models.Readiness, self._checked(response))

    def failures(self) -> Iterator[models.FileFailure]:
        """Every file that cannot be used, in the order of their paths, fetched page by page."""
        offset = 0
        while True:
            found = self._get(models.FailurePage, "/v1/failures", {"offset": offset, "limit": PAGE})
            for failure in found.failures:
                yield failure
            offset += len(found.failures)
            if not found.failures or offset >= found.total:
                return

    def keys(self) -> list[models.Key]:
        """All API keys, without their secrets."""
        return (self._get(models.Keys, "/v1/keys")).keys

    def create_key(
        self, name: str, scopes: Sequence[str], *, users: Sequence[str] | None = None, library: str | None = None
    ) -> models.NewKey:
        """Create an API key, whose text cannot be shown again."""
        reached = None if users is None else listed("users", users)
        body = parameters(None, name=name, scopes=listed("scopes", scopes), users=reached, library=library)
        return self._ask(models.NewKey, "POST", "/v1/keys", json=body)

    def revoke_key(self, key_id: str) -> None:
        """Revoke an API key."""
        self.request("DELETE", f"/v1/keys/{segment(key_id)}")
