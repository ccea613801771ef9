"""Send tasks again that the catalogue shows as unfinished and that the broker may have lost.

A duplicate message is harmless: a track that is claimed or analysed is not claimed again, and a scan that starts again
skips the files it has registered.
"""

from datetime import timedelta

import structlog

from services.catalog import Catalogue
from services.domain.errors import BrokerUnavailable
from services.domain.job import JobKind
from services.tasks.queue import ANALYSE_TASK, TaskQueue, Urgency

# Claimed tracks are never sent again, so this only has to cover the way of a message into an empty queue.
ANALYSIS_LOST_AFTER = timedelta(seconds=30)
# While the queue is not empty, a track that was sent recently is probably waiting in it. If new music keeps the queue
# filled, a lost track would never be sent again, so a few of the oldest are sent on each pass. A message that turns out
# to be a duplicate costs one query.
ANALYSIS_LOST_IN_QUEUE_AFTER = timedelta(hours=1)
RESENT_INTO_QUEUE = 100
# A scan records each file; its longest pause is the listing of a large folder on a slow disk.
SCAN_LOST_AFTER = timedelta(minutes=10)
# Tracks sent per pass; later passes send the rest.
RESENT_AT_ONCE = 10_000

# Downloads are sent while few messages wait, so that each is soon begun. A pass sends more than workers do in a minute.
DOWNLOADS_WAITING = 100
DOWNLOADS_AT_ONCE = 300
DOWNLOAD_LOST_AFTER = timedelta(hours=1)

log = structlog.get_logger()


def resend_lost_work(catalogue: Catalogue, queue: TaskQueue) -> None:
    """Send lost scans and analyses again; several processes may do so at once.

    Raises:
        BrokerUnavailable: the next pass tries again.
    """
    if scans := resend_scans(catalogue, queue, SCAN_LOST_AFTER):
        log.warning("scans_sent_again", count=scans)
    if waiting := queue.count_waiting(ANALYSE_TASK):
        analyses = resend_analyses(catalogue, queue, ANALYSIS_LOST_IN_QUEUE_AFTER, RESENT_INTO_QUEUE)
    else:
        analyses = resend_analyses(catalogue, queue, ANALYSIS_LOST_AFTER)
    if waiting < DOWNLOADS_WAITING and (downloads := resend_downloads(catalogue, queue)):
        log.info("downloads_sent", count=downloads)
    if analyses:
        log.info("analyses_sent_again", count=analyses, waiting=waiting)


def resend_scans(catalogue: Catalogue, queue: TaskQueue, lost_after: timedelta) -> int:
    """Send scans again that made no progress for `lost_after`, or were never sent; return the count.

    Raises:
        BrokerUnavailable: a later pass sends the rest.
    """
    # A scan of pictures reads them, so it waits during a pause. A scan of music only lists the files.
    kinds = (JobKind.SCAN, JobKind.PICTURES) if catalogue.pause.began_at() is None else (JobKind.SCAN,)
    jobs = catalogue.jobs.stale_scans(lost_after, kinds)
    for job_id, kind in jobs:
        queue.scan(job_id, kind)
    return len(jobs)


def resend_analyses(catalogue: Catalogue, queue: TaskQueue, lost_after: timedelta, limit: int = RESENT_AT_ONCE) -> int:
    """Send pending tracks again that were sent more than `lost_after` ago, or never; return the count.

    During a pause it sends nothing.

    Raises:
        BrokerUnavailable: a later pass sends the rest.
    """
    if catalogue.pause.began_at() is not None:
        return 0
    tracks = catalogue.analyses.stale(lost_after, limit)
    waiting = list(tracks)
    for place, track_id in enumerate(waiting):
        try:
            queue.analyse(track_id, Urgency.PLAYED if tracks[track_id] else Urgency.BULK)
        except BrokerUnavailable:
            catalogue.analyses.not_sent(waiting[place:])
            raise
    return len(tracks)


def resend_downloads(catalogue: Catalogue, queue: TaskQueue) -> int:
    """Send songs of linked servers to be downloaded that are due; return the count. During a pause it sends nothing.

    Raises:
        BrokerUnavailable: a later pass sends the rest.
    """
    if catalogue.pause.began_at() is not None:
        return 0
    songs = catalogue.link_downloads.due(DOWNLOAD_LOST_AFTER, DOWNLOADS_AT_ONCE)
    for place, (link, song_id) in enumerate(songs):
        try:
            queue.download(link, song_id)
        except BrokerUnavailable:
            catalogue.link_downloads.not_sent(songs[place:])
            raise
    return len(songs)
