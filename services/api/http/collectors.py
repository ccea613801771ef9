"""Gauges of the whole installation, read from catalogue, broker, index and disk at each scrape."""

import time
from collections.abc import Callable, Iterator

import structlog
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.composition import Services
from services.domain.errors import SegueError
from services.storage.disk import disk_usage
from services.tasks.backlog import backlogs
from services.telemetry.relay import sums

# The changes that the indexer writes next, whose age is followed.
FOLLOWED_CHANGES = 100

# Each has several series, and Prometheus keeps all of them in memory. The API has the usage of every library.
MOST_LIBRARIES = 500

log = structlog.get_logger(__name__)


class InstallationCollector(Collector):
    """The gauges. Those of a part that is unavailable are left out, and its `segue_part_up` is 0."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pending = PendingChanges(lambda: services.catalogue.indexing.some_pending(FOLLOWED_CHANGES))

    def describe(self) -> Iterator[Metric]:
        """Yield nothing, because registration must not need a database."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        up = GaugeMetricFamily("segue_part_up", "Whether a part of the installation responds: 1 or 0.", labels=["part"])
        parts: dict[str, Callable[[], list[Metric]]] = {
            "catalogue": self._catalogue,
            "broker": self._broker,
            "index": self._index,
            "storage": self._storage,
        }
        for part, read in parts.items():
            metrics, is_up = _read(read)
            up.add_metric([part], is_up)
            yield from metrics
        yield up

    def _catalogue(self) -> list[Metric]:
        catalogue = self._services.catalogue
        tracks = GaugeMetricFamily("segue_tracks", "Tracks in the library.", labels=["status"])
        for status, count in catalogue.tracks.count_by_status().items():
            tracks.add_metric([status], count)
        return [
            tracks,
            self._spaces(),
            *self._libraries(),
            GaugeMetricFamily(
                "segue_index_pending",
                "Tracks whose changes are not yet in the vector index.",
                catalogue.indexing.count_pending(),
            ),
            GaugeMetricFamily(
                "segue_index_lag_seconds",
                "How long the oldest change has waited for the vector index, since the first scrape that saw it.",
                self._pending.oldest_seconds(),
            ),
        ]

    def _spaces(self) -> Metric:
        spaces = GaugeMetricFamily(
            "segue_space_tracks",
            "Tracks in each space while there are several.",
            labels=["model_version", "role", "state"],
        )
        catalogue = self._services.catalogue
        for space in catalogue.space_store.all() if catalogue.spaces.latest().others else ():
            for state in ("ready", "waiting", "failed"):
                spaces.add_metric([space.model_version, space.role, state], getattr(space, state))
        return spaces

    def _libraries(self) -> list[Metric]:
        labels = ["library", "resource"]
        usage = GaugeMetricFamily("segue_library_usage", "What a named library uses, today or in all.", labels=labels)
        quota = GaugeMetricFamily("segue_library_quota", "Quota of a named library.", labels=labels)
        uploads = self._services.settings.uploads_path
        for each in self._services.catalogue.quotas.report(uploads, MOST_LIBRARIES):
            usage.add_metric([each.library, each.resource], each.used)
            if each.quota is not None:
                quota.add_metric([each.library, each.resource], each.quota)
        return [usage, quota]

    def _broker(self) -> list[Metric]:
        length = GaugeMetricFamily(
            "segue_queue_length", "Messages of a queue whose tasks have not ended.", labels=["queue"]
        )
        unacknowledged = GaugeMetricFamily(
            "segue_queue_unacknowledged", "Messages of a queue that a worker has received.", labels=["queue"]
        )
        age = GaugeMetricFamily(
            "segue_queue_age_seconds", "Age of the oldest message that no worker has received.", labels=["queue"]
        )
        for name, backlog in backlogs(self._services.queue).items():
            length.add_metric([name], backlog.length)
            unacknowledged.add_metric([name], backlog.unacknowledged)
            age.add_metric([name], backlog.oldest_seconds)
        return [length, unacknowledged, age, *sums(self._services.queue)]

    def _index(self) -> list[Metric]:
        return [GaugeMetricFamily("segue_index_points", "Points in the vector index.", self._services.index.count())]

    def _storage(self) -> list[Metric]:
        _, free = disk_usage(self._services.settings.data_path)
        return [GaugeMetricFamily("segue_data_free_bytes", "Free bytes on the disk of the data directory.", free)]


class PendingChanges:
    """How long changes have waited for the indexer, counted from the first call that saw them.

    The catalogue does not record when a track was marked, so each call remembers the marks that it sees.
    """

    def __init__(self, read: Callable[[], list[tuple[str, int]]], clock: Callable[[], float] = time.monotonic) -> None:
        """`read` returns the ids and the revisions of marked tracks."""
        self._read = read
        self._clock = clock
        self._seen: dict[tuple[str, int], float] = {}

    def oldest_seconds(self) -> float:
        """Return for how long the longest known change has been pending, 0 without any."""
        now, known = self._clock(), self._seen
        self._seen = {change: known.get(change, now) for change in self._read()}
        return now - min(self._seen.values(), default=now)


def _read(read: Callable[[], list[Metric]]) -> tuple[list[Metric], bool]:
    try:
        return read(), True
    except SegueError as error:
        log.warning("metric_unavailable", reason=error.detail)
        return [], False
