"""Sending again what the catalogue says is unfinished and the broker may have lost.

A repeated message does no harm: a track that is analysed already is not claimed again, and a scan that begins
again finds its files known.
"""

from datetime import timedelta

from services.catalog import Catalogue
from services.domain.errors import BrokerUnavailable
from services.tasks.queue import TaskQueue


def requeue_scans(catalogue: Catalogue, queue: TaskQueue, silent_for: timedelta) -> int:
    """Send scans that have not advanced for this long; answers how many.

    Raises:
        BrokerUnavailable: the broker takes nothing; a later pass finds them again.
    """
    jobs = catalogue.jobs.stale_scans(silent_for)
    for job_id in jobs:
        queue.scan(job_id)
    return len(jobs)


# What one pass sends: the next one sends the rest.
AT_MOST = 10_000


def requeue_analyses(catalogue: Catalogue, queue: TaskQueue, silent_for: timedelta, at_most: int = AT_MOST) -> int:
    """Send pending tracks that were asked for longer ago than this, or never; answers how many.

    Raises:
        BrokerUnavailable: the broker takes nothing; a later pass finds them again.
    """
    tracks = catalogue.analyses.stale(silent_for, at_most)
    for place, track_id in enumerate(tracks):
        try:
            queue.analyse(track_id)
        except BrokerUnavailable:
            catalogue.analyses.not_sent(tracks[place:])
            raise
    return len(tracks)
