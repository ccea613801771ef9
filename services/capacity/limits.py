"""What breaks first when a library or its listeners grow, and what to change then."""

from dataclasses import dataclass

from services.capacity.costs import LARGE, SMALL, Costs, Request
from services.capacity.model import MEMORY_SHARE, Demand, index_cores, mixture

POSTGRES_CONNECTIONS = 100
"""PostgreSQL's default of `max_connections`."""

WORKER_CONNECTIONS = 4
"""Of a worker, the indexer, the scheduler and the watcher."""

SYSTEM_BYTES = 2e9
"""What the system, the broker and the workers' parents need of the memory of one machine."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A size that is too large for the installation as it is.

    Attributes:
        at: Tracks, or requests a second.
        part: What breaks.
        happens: What is seen then.
        change: What to do.
    """

    at: float
    part: str
    happens: str
    change: str


def of_tracks(demand: Demand, costs: Costs) -> list[Limit]:
    """Return what breaks when a library grows, the smallest size first."""
    index = costs["index_memory_bytes"]
    found = [
        Limit(
            (costs["worker_memory_limit"] - costs["map_small_bytes"]) / costs["map_bytes"] + SMALL,
            "worker",
            "A fit of the map needs more memory than the worker's container may take, and is killed. The map stays.",
            "Raise `WORKER_MEMORY`, or leave out the extra `map`: the map then shows the principal axes.",
        ),
        Limit(
            MEMORY_SHARE * costs["index_memory_limit"] / index,
            "index",
            "The Qdrant container reaches its memory limit and is killed.",
            "Raise the limit of `qdrant` in `deploy/compose.yaml`, or use three nodes.",
        ),
        Limit(
            (MEMORY_SHARE * demand.memory - SYSTEM_BYTES) / index,
            "index",
            f"One copy of the index does not fit into a machine of {demand.memory / 1e9:.0f} GB.",
            "Set `SEGUE_QDRANT_SHARDS` to the number of nodes or a multiple of it.",
        ),
        Limit(
            costs["rebuild_time_limit"] * costs["server_fill_rate"],
            "indexer",
            "A rebuild that one process fills takes longer than its time limit.",
            "A change of the code: raise `INDEX_SOFT_LIMIT_SECONDS` in `workers/app.py`.",
        ),
        Limit(
            costs["scan_time_limit"] * costs["scan_rate"],
            "worker",
            "A scan of unchanged files takes longer than its time limit; it goes on where it stopped.",
            "Split the library into several roots and scan each.",
        ),
    ]
    return sorted(found, key=lambda limit: limit.at)


def of_requests(demand: Demand, costs: Costs) -> list[Limit]:
    """Return what breaks when requests increase, the smallest rate first."""
    mix = mixture(demand, costs)

    def mean(attribute: str) -> float:
        return sum(share * float(getattr(request, attribute)) for request, share in mix.items())

    one_process = 1000 * demand.utilisation / (mean("api_ms") * costs["api_contention"])
    embedded = 1000 * demand.utilisation / ((mean("api_ms") + _index_ms(mix, costs)) * costs["api_contention"])
    processes = (POSTGRES_CONNECTIONS - WORKER_CONNECTIONS) / costs["api_threads"]
    one_node = demand.cores / index_cores(Demand(LARGE, 1, demand.mix, utilisation=demand.utilisation), costs, mix, 1)
    found = [
        Limit(
            costs["expensive_per_minute"] / 60,
            "API",
            "A client whose listeners share one key gets 429: a key may ask for so many recommendations a second.",
            "Give each client its own key, or raise `SEGUE_EXPENSIVE_RATE_LIMIT` and `SEGUE_RATE_LIMIT`.",
        ),
        Limit(
            embedded,
            "API",
            f"The one process that has the index in it is {demand.utilisation:.0%} busy ({LARGE:,} tracks).",
            "Use a Qdrant server and PostgreSQL, and raise `SEGUE_API_PROCESSES`.",
        ),
        Limit(
            processes * one_process,
            "database",
            f"{processes:.0f} API processes hold all {POSTGRES_CONNECTIONS} connections of PostgreSQL; others get 503.",
            f"Raise PostgreSQL's `max_connections`: {costs['api_threads']:.0f} for each API process.",
        ),
        Limit(
            demand.cores * one_process,
            "API",
            f"The processes of one machine with {demand.cores} cores are busy.",
            "Add machines with API processes behind a load balancer.",
        ),
        Limit(
            demand.cores * 1000 * demand.utilisation / mean("database_ms"),
            "database",
            f"PostgreSQL keeps {demand.cores} cores busy.",
            "A larger machine. Segue does not read from replicas: beyond it, split the listeners among installations.",
        ),
        Limit(
            one_node,
            "index",
            f"Queries keep one node with {demand.cores} cores busy ({LARGE:,} tracks).",
            "Add nodes and raise `SEGUE_QDRANT_REPLICATION`. More shards do not help: a query asks each of them.",
        ),
        Limit(
            demand.network / 8 / mean("database_bytes"),
            "database",
            f"What the database sends fills a network of {demand.network / 1e9:.0f} Gbit/s.",
            "A faster network between API and database.",
        ),
    ]
    return sorted(found, key=lambda limit: limit.at)


def _index_ms(mix: dict[Request, float], costs: Costs) -> float:
    return sum(share * costs.index_ms(request, LARGE) for request, share in mix.items())
