"""From a number of tracks and requests to processes, machines, memory, disk and hours."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.capacity.costs import Costs, Request

DAY, MONTH = 86_400.0, 30 * 86_400.0
NODES_MIN = 3
"""Nodes of a cluster that survives the loss of one: two cannot elect a leader when one is lost."""

MEMORY_SHARE = 0.75
"""Of a node's memory that the index may take; the rest is for queries, writes and the system."""

REPLICAS = 2
SHARDS_MAX = 256


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of an installation.

    Attributes:
        tracks: In the library.
        requests: A second, at the busiest time.
        mix: The share of each kind of request; None: as in the costs.
        analysis_days: In which the first analysis must end.
        cores: Of a machine.
        memory: Of a machine, in bytes.
        utilisation: The share of the processors that may be busy at the busiest time.
        cached: The share of the database that fits into the memory of its machine.
        network: Of a machine, in bits a second.
    """

    tracks: float
    requests: float
    mix: Mapping[str, float] | None = None
    analysis_days: float = 7.0
    cores: int = 16
    memory: float = 64e9
    utilisation: float = 0.6
    cached: float = 0.25
    network: float = 10e9


@dataclass(frozen=True, slots=True)
class Prices:
    """For a month: of a core, of a gigabyte of memory and of disk; and of a gigabyte that is sent to clients."""

    core: float = 0.0
    memory: float = 0.0
    disk: float = 0.0
    traffic: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """The machines of one part.

    Attributes:
        machines: Their number.
        cores: Busy ones, together, divided by the utilisation.
        memory: Bytes, together.
        disk: Bytes, together.
        detail: How the part is set up, by name.
    """

    machines: int
    cores: float
    memory: float
    disk: float = 0.0
    detail: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """An installation.

    Attributes:
        parts: By name.
        client_bits: To and from clients, a second.
        inner_bits: Between API and database, a second.
        analysis_core_hours: Of the first analysis.
        rebuild_hours: To fill a new index and to build its graph.
    """

    parts: Mapping[str, Part]
    client_bits: float
    inner_bits: float
    analysis_core_hours: float
    rebuild_hours: float

    @property
    def total(self) -> Part:
        """All parts together."""
        parts = self.parts.values()
        return Part(
            sum(part.machines for part in parts),
            sum(part.cores for part in parts),
            sum(part.memory for part in parts),
            sum(part.disk for part in parts),
        )

    def price(self, prices: Prices, demand: Demand) -> float:
        """Return the price of a month, without the workers, which are needed for days only."""
        kept = [part for name, part in self.parts.items() if name != "workers"]
        machines = sum(part.machines for part in kept)
        machine = demand.cores * prices.core + demand.memory / 1e9 * prices.memory
        traffic = self.client_bits / 8 * MONTH / 1e9
        return machines * machine + sum(part.disk for part in kept) / 1e9 * prices.disk + traffic * prices.traffic


def mixture(demand: Demand, costs: Costs) -> dict[Request, float]:
    """Return the share of each kind of request.

    Raises:
        ValueError: a kind is unknown.
    """
    if demand.mix is None:
        return {request: request.share for request in costs.requests.values()}
    if unknown := demand.mix.keys() - costs.requests.keys():
        raise ValueError(f"unknown kinds of requests: {', '.join(sorted(unknown))}; known: {', '.join(costs.requests)}")
    total = sum(demand.mix.values())
    return {costs.requests[name]: share / total for name, share in demand.mix.items()}


def plan(demand: Demand, costs: Costs) -> Plan:
    """Return the smallest installation on several machines that meets a demand."""
    mix = mixture(demand, costs)
    busy = demand.requests / 1000 / demand.utilisation

    def mean(attribute: str) -> float:
        return sum(share * float(getattr(request, attribute)) for request, share in mix.items())

    api_cores = busy * mean("api_ms") * costs["api_contention"]
    processes = math.ceil(api_cores)
    api = _machines(demand, api_cores, processes * costs["api_process_bytes"])
    stored = demand.tracks * costs["database_bytes"]
    database = busy * mean("database_ms")
    analysis = demand.tracks * costs["analysis_core_seconds"]
    analysers = max(1, math.ceil(analysis / (demand.analysis_days * DAY)))
    index = _index(demand, costs, mix)
    return Plan(
        {
            "API": Part(api, api_cores, processes * costs["api_process_bytes"], detail={"processes": processes}),
            "database": Part(1, database, demand.cached * stored, stored),
            "index": index,
            "broker": Part(1, 1, 1e9, 1e9),
            "workers": Part(
                _machines(demand, analysers, analysers * costs["analysis_process_bytes"]),
                analysers,
                analysers * costs["analysis_process_bytes"],
                detail={"processes": analysers},
            ),
        },
        client_bits=8 * demand.requests * (mean("bytes_in") + mean("bytes_out")),
        inner_bits=8 * demand.requests * mean("database_bytes"),
        analysis_core_hours=analysis / 3600,
        rebuild_hours=_rebuild_hours(demand, costs, index),
    )


def _machines(demand: Demand, cores: float, memory: float) -> int:
    return max(1, math.ceil(cores / demand.cores), math.ceil(memory / (MEMORY_SHARE * demand.memory)))


def _index(demand: Demand, costs: Costs, mix: Mapping[Request, float]) -> Part:
    """Return the cluster with the fewest nodes.

    A query goes to one replica of every shard. So more shards than the memory needs cost processor time, and more
    replicas carry more queries.
    """
    stored = demand.tracks * costs["index_memory_bytes"]
    nodes = NODES_MIN
    while True:
        for shards in range(1, min(nodes, SHARDS_MAX) + 1):
            replicas = max(REPLICAS, nodes // shards)
            cores = index_cores(demand, costs, mix, shards)
            held = math.ceil(shards * replicas / nodes) * stored / shards
            if cores <= nodes * demand.cores and held <= MEMORY_SHARE * demand.memory:
                disk = replicas * demand.tracks * costs["index_disk_bytes"]
                detail = {"shards": shards, "replicas": replicas}
                return Part(nodes, cores, replicas * stored, disk, detail)
        nodes += 1


def index_cores(demand: Demand, costs: Costs, mix: Mapping[Request, float], shards: int) -> float:
    """Return the cores that queries of an index of several shards need."""
    query = sum(share * costs.index_ms(request, demand.tracks / shards) for request, share in mix.items())
    return demand.requests * shards * query / 1000 / demand.utilisation


def _rebuild_hours(demand: Demand, costs: Costs, index: Part) -> float:
    """Return the hours to fill a new index and to build its graphs: all nodes at once, on half of their cores."""
    points = demand.tracks * index.detail["replicas"] / index.machines
    fill = demand.tracks / costs["server_fill_rate"]
    graph = points * costs["graph_core_ms"] / 1000 / (demand.cores / 2)
    return (fill + graph) / 3600
