"""Finds what the broker lost. The catalogue knows what is unfinished; the broker only carries it."""

from datetime import timedelta

import structlog

from services.catalog import Catalogue
from services.tasks.queue import ANALYSE_TASK, TaskQueue
from services.tasks.requeue import requeue_analyses, requeue_scans

# Claims keep a track that is at work from being sent, and from being analysed twice if it is; so this is only the time
# that a message may be on its way into an empty queue.
ANALYSIS_LOST_AFTER = timedelta(seconds=30)
# Where new music never ends the queue is never empty, and one track must not wait for that: so long in a queue is lost
# or, at worst, late, and then its message costs the worker a look at the catalogue. Few a pass, so that they add little
# to a queue that is long for good reason; each counts as sent, so that all have their turn.
ANALYSIS_LOST_BEHIND_OTHERS_AFTER = timedelta(hours=1)
SENT_BEHIND_OTHERS = 100
# A scan notes each file it takes in; listing a large folder on a slow disk is its longest silence.
SCAN_LOST_AFTER = timedelta(minutes=10)

log = structlog.get_logger()


def resend_lost_work(catalogue: Catalogue, queue: TaskQueue) -> None:
    """Send lost work again; safe to run twice at once.

    While analyses wait in the broker only a few are sent, and only those that nothing was heard of for long: a track
    far back in a long queue is late, not lost, and sending it on every pass would let the queue grow without end.

    Raises:
        BrokerUnavailable: the next pass tries again.
    """
    if idle := catalogue.radio.drop_idle():
        log.info("idle_radio_sessions_dropped", count=idle)
    if scans := requeue_scans(catalogue, queue, SCAN_LOST_AFTER):
        log.warning("scans_sent_again", count=scans)
    if waiting := queue.waiting(ANALYSE_TASK):
        analyses = requeue_analyses(catalogue, queue, ANALYSIS_LOST_BEHIND_OTHERS_AFTER, SENT_BEHIND_OTHERS)
    else:
        analyses = requeue_analyses(catalogue, queue, ANALYSIS_LOST_AFTER)
    if analyses:
        log.info("analyses_sent_again", count=analyses, waiting=waiting)
