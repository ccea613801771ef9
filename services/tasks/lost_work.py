"""Send tasks again that the catalogue shows as unfinished and that the broker may have lost.

A duplicate message is harmless: a track that is claimed or analysed is not claimed again, and a scan that starts again
skips the files it has registered.
"""

from datetime import timedelta

import structlog

from services.catalog import Catalogue
from services.domain.errors import BrokerUnavailable
from services.domain.job import JobKind
from services.tasks.queue import ANALYSE_TASK, TaskQueue
from services.tasks.turns import top_up

# Claimed tracks are never sent again, so this only has to cover the way of a message into an empty queue.
ANALYSIS_LOST_AFTER = timedelta(seconds=30)
# While the queue is not empty, a track that was sent recently is probably waiting in it. The queue is short, so after
# this time it is lost. A message that turns out to be a duplicate costs one query.
ANALYSIS_LOST_IN_QUEUE_AFTER = timedelta(hours=1)
# A scan records each file; its longest pause is the listing of a large folder on a slow disk.
SCAN_LOST_AFTER = timedelta(minutes=10)

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
    waiting = queue.count_waiting(ANALYSE_TASK)
    analyses = resend_analyses(catalogue, queue, ANALYSIS_LOST_IN_QUEUE_AFTER if waiting else ANALYSIS_LOST_AFTER)
    if waiting < DOWNLOADS_WAITING and (downloads := resend_downloads(catalogue, queue)):
        log.info("downloads_sent", count=downloads)
    if analyses:
        log.info("analyses_sent", count=analyses, waiting=waiting)


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


def resend_analyses(catalogue: Catalogue, queue: TaskQueue, lost_after: timedelta) -> int:
    """Let tracks wait for their turn again that were sent more than `lost_after` ago; return how many were sent now.

    During a pause it sends nothing.

    Raises:
        BrokerUnavailable: a later pass sends the rest.
    """
    if lost := catalogue.turns.take_back(lost_after):
        log.warning("analyses_lost", count=lost)
    return top_up(catalogue, queue)


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
