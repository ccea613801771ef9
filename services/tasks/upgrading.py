"""Keep a few messages in the broker that fill spaces: each task takes one track and sends the next."""

from services.catalog import Catalogue
from services.tasks.queue import UPGRADE_TASK, TaskQueue, Urgency

WAITING = 16
"""Messages that wait, so that no process is idle; they come after everything else."""


def begin_upgrades(catalogue: Catalogue, queue: TaskQueue) -> None:
    """Send messages until `WAITING` wait, if a track waits in a space. During a pause it sends nothing.

    Raises:
        BrokerUnavailable: a later call sends the rest.
    """
    if catalogue.pause.began_at() is not None or not catalogue.space_analyses.has_waiting():
        return
    for _ in range(WAITING - queue.count_waiting(UPGRADE_TASK, Urgency.UPGRADE)):
        queue.upgrade()
