"""The hourly sync of linked servers, and downloads of their songs."""

import os
from datetime import timedelta
from typing import BinaryIO

import structlog

from services.catalog.analyses import Claimant
from services.catalog.database import now
from services.catalog.library import FileStamp
from services.catalog.link_downloads import reason_of_deletion
from services.domain.errors import (
    AlreadyRunning,
    LinkedServerRefused,
    LinkedServerUnavailable,
    LinkedUserRefused,
    NotConfigured,
    ReaderUnavailable,
    SegueError,
    Unavailable,
    UnsupportedAudio,
)
from services.domain.links import place_of, root_of
from services.ingest.identity import identify
from services.ingest.tags import read_tags
from services.links.downloading import downloaded
from services.links.opening import opened
from services.links.syncing import sync
from services.telemetry.measures import ANALYSES
from services.telemetry.stages import Outcome
from workers.analysis import analyse_open, claim_attempt, record
from workers.lifecycle import ChildContext
from workers.pictures import failure_kind

SYNC_EVERY = timedelta(hours=1)

log = structlog.get_logger()


def sync_due(context: ChildContext) -> None:
    """Sync the links that are due. One that fails is due again with the next task."""
    for link in context.catalogue.links.all():
        if link.synced_at is not None and now() - link.synced_at < SYNC_EVERY:
            continue
        try:
            with opened(context.settings, link) as server:
                synced = sync(context.catalogue, link, server)
        except AlreadyRunning:
            continue
        except SegueError as error:
            log.warning("link_not_synced", link=link.name, reason=error.detail)
        else:
            counts = synced.counts
            log.info("link_synced", link=link.name, songs=counts.songs, unmatched=counts.unmatched, gone=synced.gone)


def download(context: ChildContext, link_name: str, song_id: str, claimant: Claimant) -> None:
    """Download a song that matches no track, or whose track waits for its analysis, and analyse it; keep no audio."""
    downloads = context.catalogue.link_downloads
    if context.catalogue.pause.began_at() is not None or not downloads.begin(link_name, song_id):
        return
    link = context.catalogue.links.get(link_name)
    try:
        with opened(context.settings, link) as server, downloaded(server, song_id, context.settings) as file:
            downloads.resume(link_name)
            _analyse(context, link_name, song_id, file, claimant)
    except (LinkedServerUnavailable, LinkedUserRefused) as error:
        downloads.postpone(link_name, song_id, error.detail)
        retry_after = getattr(error, "retry_after", None)
        downloads.pause(link_name, None if retry_after is None else timedelta(seconds=retry_after))
        log.warning("downloads_paused", link=link_name, song_id=song_id, reason=error.detail)
    except (LinkedServerRefused, UnsupportedAudio) as error:
        downloads.refuse(link_name, song_id, error.detail)
        log.info("download_refused", link=link_name, song_id=song_id, reason=error.detail)
    except (Unavailable, NotConfigured) as error:
        downloads.postpone(link_name, song_id, error.detail)
        log.warning("download_postponed", link=link_name, song_id=song_id, reason=error.detail)
    else:
        downloads.end(link_name, song_id)


def _analyse(context: ChildContext, link: str, song_id: str, file: BinaryIO, claimant: Claimant) -> None:
    """Register a downloaded song as a track and analyse it, unless its audio is analysed already."""
    from models.errors import AnalysisError, SandboxUnavailable  # noqa: PLC0415  only child processes may import torch
    from workers.encoders import needed  # noqa: PLC0415

    catalogue = context.catalogue
    track_id = identify(file).track_id
    if catalogue.library.is_deleted(track_id, place_of(link, song_id)):
        raise LinkedServerRefused(reason_of_deletion(track_id))
    tags = read_tags(file, fallback_title=song_id)
    stamp = FileStamp(place_of(link, song_id), root_of(link), os.fstat(file.fileno()).st_size, mtime_ns=0)
    catalogue.library.register(track_id, tags, stamp)
    if not catalogue.link_downloads.complete(link, song_id, track_id):  # it went during the download
        catalogue.library.forget_files([stamp.path])
        return
    if (claim := claim_attempt(catalogue, track_id, claimant)) is None:
        return
    file.seek(0)
    try:
        encoders = needed(catalogue.spaces.latest(), context.settings.next_model)
        record(context, track_id, analyse_open(file, encoders))
    except SandboxUnavailable as error:
        catalogue.analyses.release_uncounted(track_id, claimant.name)
        raise ReaderUnavailable(str(error)) from error
    except AnalysisError as error:
        catalogue.analyses.refuse(claim.track_id, str(error), kind=failure_kind(error))
        ANALYSES.labels(Outcome.FAILED).inc()
