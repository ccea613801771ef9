"""Look for the covers of tracks, decode them in the sandbox and store them in the sizes that clients show.

A search is counted in the catalogue before it starts. A picture that crashes its process is therefore not tried
forever, and a search whose process dies is found again.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO

import structlog

from services.catalog.tracks import TrackFile
from services.covers.files import SUFFIX, CoverFiles, CoverSize
from services.domain.errors import ReaderUnavailable, SegueError
from services.ingest.covers import NOTHING, UNREADABLE, cover_name, picture_beside
from services.ingest.roots import Roots, open_inside, readable_roots
from services.ingest.tags import picture_inside
from services.settings import Settings
from workers.lifecycle import ChildContext

# One or two crashes may have an outside cause, such as a lack of memory; after the third the picture is the likely one.
MAX_ATTEMPTS = 3
MAX_BYTES = 32 * 2**20  # of a picture beside a file; large scans of a cover have a quarter of that
BATCH = 100
BATCH_SECONDS = 45.0  # the next periodic task continues

QUALITY, EFFORT = 82, 4  # of WebP: artefacts are invisible at these sizes, and more effort saves less than 3 %

log = structlog.get_logger()


def look_for_covers(context: ChildContext, renew: Callable[[], None]) -> int:
    """Look for the covers of tracks that were never looked at, for a while; return the number of tracks.

    Raises:
        ReaderUnavailable, StorageUnavailable, CatalogueUnavailable: a later pass continues.
    """
    deadline, count = time.monotonic() + BATCH_SECONDS, 0
    while track_ids := context.catalogue.covers.due(BATCH):
        for track_id in track_ids:
            if time.monotonic() > deadline:
                return count
            look_for_cover(context, track_id)
            renew()
            count += 1
    return count


def look_for_cover(context: ChildContext, track_id: str) -> None:
    """Look for the cover of a track and record the outcome. A broken picture is logged; the track is as good without.

    Raises:
        ReaderUnavailable, StorageUnavailable, CatalogueUnavailable: the cover is looked for later.
    """
    covers = context.catalogue.covers
    search = covers.begin(track_id)
    if search is None:
        return
    if search.attempt > MAX_ATTEMPTS:
        log.warning("cover_given_up", track_id=track_id, attempts=search.attempt - 1)
        covers.record(track_id, None, UNREADABLE)
        return
    try:
        cover, seen = Searcher(context.settings, track_id).first(search.files)
    except SegueError:
        covers.release(track_id)
        raise
    covers.record(track_id, cover, seen)


class Searcher:
    """Looks for the cover of one track."""

    def __init__(self, settings: Settings, track_id: str) -> None:
        self._roots: Roots = readable_roots(settings)
        self._files = CoverFiles(settings.covers_path)
        self._track_id = track_id

    def first(self, files: list[TrackFile]) -> tuple[str | None, str]:
        """Return the first cover of the first readable file or None, and which picture is beside that file."""
        for file in files:
            try:
                opened, _ = open_inside(file.path, file.root, self._roots)
            except OSError:
                continue
            with opened:
                inside = picture_inside(opened)
            beside = picture_beside(file.path)
            seen = NOTHING if beside is None else beside.fingerprint
            found = self._contents(inside, None if beside is None else TrackFile(beside.path, file.root))
            return next((cover for where, content in found if (cover := self._stored(where, content))), None), seen
        return None, UNREADABLE

    def _contents(self, inside: bytes | None, beside: TrackFile | None) -> Iterator[tuple[str, bytes]]:
        if inside is not None:
            yield "inside", inside
        if beside is None:
            return
        try:
            opened, _ = open_inside(beside.path, beside.root, self._roots)
            with opened:
                content = opened.read(MAX_BYTES + 1)
        except OSError as error:
            self._refuse("beside", str(error.strerror))
            return
        if len(content) > MAX_BYTES:
            self._refuse("beside", f"The file is larger than {MAX_BYTES >> 20} MiB")
            return
        yield "beside", content

    def _stored(self, where: str, content: bytes) -> str | None:
        """Store a picture as a cover and return its name; None if it cannot be decoded."""
        from models.errors import AnalysisError, SandboxUnavailable  # noqa: PLC0415  only child processes decode

        name = cover_name(content)
        if self._files.has(name):
            return name
        try:
            pictures = renditions(content)
        except AnalysisError as error:
            self._refuse(where, str(error))
            return None
        except SandboxUnavailable as error:
            raise ReaderUnavailable(str(error)) from error
        self._files.write(name, pictures)
        return name

    def _refuse(self, where: str, reason: str) -> None:
        log.info("cover_refused", track_id=self._track_id, where=where, reason=reason)


def renditions(content: bytes) -> dict[int, bytes]:
    """Return a picture in each size as WebP. It is not enlarged, and its shape stays.

    Raises:
        AnalysisError: the picture cannot be decoded.
        SandboxUnavailable: no decoder can be started.
    """
    from PIL import Image  # noqa: PLC0415  only child processes decode

    from models.sandbox import decoder  # noqa: PLC0415

    with tempfile.TemporaryFile() as file:  # it has no name, so nothing of it is left if this process is killed
        file.write(content)
        file.flush()
        picture = Image.fromarray(decoder.read_picture(file.fileno(), max(CoverSize)))
    found: dict[int, bytes] = {}
    for size in sorted(CoverSize, reverse=True):
        picture.thumbnail((size, size), Image.Resampling.LANCZOS)
        written = BytesIO()
        picture.save(written, SUFFIX.removeprefix("."), quality=QUALITY, method=EFFORT)
        found[size] = written.getvalue()
    return found
