"""Keep the list of analyses in the broker short and filled from the catalogue, by turns of the libraries.

A message cannot be overtaken once it waits in the broker. So the rest of a library stays in the catalogue, and a file
of another library waits for the few messages before it, not for all files of the largest library.
"""

import structlog

from services.catalog import Catalogue
from services.catalog.tenancy import limited_to
from services.domain.errors import BrokerUnavailable, Unavailable
from services.tasks.presence import Workers
from services.tasks.queue import ANALYSE_TASK, ROUTES, TaskQueue, Urgency

# Messages that wait for each process: some seconds of work, so that none is idle until the list is filled again.
WAITING_PER_PROCESS = 8
WAITING_MIN = 32

# Filling takes a fraction of a second. If its process dies, the list stays as it is for this long.
LEASE_SECONDS = 20.0
LEASE_WAIT_SECONDS = 5.0

log = structlog.get_logger()


def request_analysis(catalogue: Catalogue, queue: TaskQueue, track_id: str, library: str, urgency: Urgency) -> None:
    """Send the analysis of a track at once if it is urgent; otherwise it waits in the catalogue for a turn.

    Without a broker, or if a library has many urgent analyses or no minutes left today, it waits too.
    """
    if urgency == Urgency.BULK or (library and library in catalogue.quotas.without_minutes()):
        return
    try:
        if not queue.may_be_urgent(library):
            return
        catalogue.turns.sent([track_id])
        _send(catalogue, queue, [track_id], urgency)
    except BrokerUnavailable as error:
        log.warning("analysis_not_sent", track_id=track_id, reason=error.detail)


def top_up(catalogue: Catalogue, queue: TaskQueue, *, wait: bool = True) -> int:
    """Send waiting analyses until the list in the broker is full, if it is less than half full; return their number.

    During a pause it sends nothing. Without `wait` it leaves the work to another process that is filling the list.

    Raises:
        BrokerUnavailable: a later call sends the rest.
    """
    if _room(queue) == 0:
        return 0
    with queue.lease("turns", LEASE_SECONDS, LEASE_WAIT_SECONDS if wait else 0) as lease:
        if lease is None or catalogue.pause.began_at() is not None:
            return 0
        with limited_to(None):  # also if an upload of a library begins it
            room = _room(queue)
            tracks = catalogue.turns.take(room, skipped=catalogue.quotas.without_minutes()) if room else []
            _send(catalogue, queue, tracks, Urgency.BULK)
        return len(tracks)


def keep_filled(catalogue: Catalogue, queue: TaskQueue, *, wait: bool = True) -> None:
    """Call `top_up`; without a broker or catalogue the task that runs every minute sends what waits."""
    try:
        top_up(catalogue, queue, wait=wait)
    except Unavailable as error:
        log.warning("analyses_not_sent", reason=error.detail)


def _room(queue: TaskQueue) -> int:
    waiting = queue.count_waiting(ANALYSE_TASK, Urgency.BULK)
    if waiting > WAITING_MIN // 2 and waiting > _full(queue) // 2:
        return 0
    return _full(queue) - waiting


def _full(queue: TaskQueue) -> int:
    name = ROUTES[ANALYSE_TASK]["queue"]
    processes = sum(worker.processes for worker in Workers(queue).alive() if name in worker.queues)
    return max(WAITING_MIN, WAITING_PER_PROCESS * processes)


def _send(catalogue: Catalogue, queue: TaskQueue, tracks: list[str], urgency: Urgency) -> None:
    for place, track_id in enumerate(tracks):
        try:
            queue.analyse(track_id, urgency)
        except BrokerUnavailable:
            catalogue.turns.not_sent(tracks[place:])
            raise
