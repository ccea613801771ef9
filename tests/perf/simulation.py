"""A simulation of requests, queues, an autoscaler and lost nodes, on simpy: what the model leaves out.

Times are in seconds. `bench_simulation.py` compares predictions with real processes.
"""

import itertools
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

TURN_SECONDS = 0.005
"""Threads of Python take turns of this length (`sys.getswitchinterval`); the system's are not much longer."""

Steps = Generator[simpy.Event, Any, None]


class Processor:
    """Cores that work in turns, so that a short piece of work does not wait for the end of a long one.

    While others wait for a turn, work takes `contention` times as long: threads of Python hand over their lock.
    """

    def __init__(self, env: simpy.Environment, cores: int, contention: float = 1.0) -> None:
        self._env = env
        self._cores = simpy.Resource(env, cores)
        self._contention = contention

    def work(self, seconds: float) -> Steps:
        """Take a core for some seconds."""
        while seconds > 0:
            with self._cores.request() as turn:
                yield turn
                slowed = self._contention if self._cores.queue else 1.0
                yield self._env.timeout(min(seconds, TURN_SECONDS) * slowed)
            seconds -= TURN_SECONDS


@dataclass(frozen=True, slots=True)
class Work:
    """What a request takes: `busy` seconds of Python's lock, and `waiting` seconds for others, which need no lock."""

    busy: float
    waiting: float = 0.0


class ApiProcess:
    """A process of the API: threads that share Python's lock."""

    def __init__(self, env: simpy.Environment, threads: int, contention: float) -> None:
        self._env = env
        self._threads = simpy.Resource(env, threads)
        self._interpreter = Processor(env, 1, contention)

    def handle(self, work: Work, query: Callable[[], Steps] | None = None) -> Steps:
        """Handle a request; `query` is what an index server does for it."""
        with self._threads.request() as thread:
            yield thread
            yield from self._interpreter.work(work.busy / 2)
            yield self._env.timeout(work.waiting)
            if query is not None:
                yield from query()
            yield from self._interpreter.work(work.busy / 2)


class NodesLost(Exception):  # noqa: N818  an outcome of a simulation
    """No node could answer in time."""


@dataclass(slots=True)
class Node:
    """A server of the index."""

    processor: Processor
    alive: bool = True
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """Nodes that hold shards; each shard has copies on several nodes.

    Attributes:
        env: The simulated world.
        nodes: All of them.
        shards: For each shard, the numbers of the nodes with a copy.
        query_seconds: Of a core, for one shard.
        timeout: After which a frozen node is given up.
        refusal: Seconds until a dead node is noticed.
        avoided: How long a node that failed is not asked.
    """

    env: simpy.Environment
    nodes: list[Node]
    shards: list[list[int]]
    query_seconds: float
    timeout: float = 1.0
    refusal: float = 0.002
    avoided: float = 5.0
    _blocked: dict[int, float] = field(default_factory=dict)
    _turn: Iterator[int] = field(default_factory=itertools.count)

    def query(self) -> Steps:
        """Ask one copy of every shard; a node that fails costs a second attempt.

        Raises:
            NodesLost: two attempts failed.
        """
        yield self.env.all_of([self.env.process(self._shard(copies)) for copies in self.shards])

    def _shard(self, copies: list[int]) -> Steps:
        usable = [node for node in copies if self._blocked.get(node, 0.0) <= self.env.now] or copies
        first = next(self._turn) % len(usable)
        for node in (usable[first:] + usable[:first])[:2]:
            if self.nodes[node].alive and not self.nodes[node].frozen:
                yield from self.nodes[node].processor.work(self.query_seconds)
                return
            yield self.env.timeout(self.timeout if self.nodes[node].frozen else self.refusal)
            self._blocked[node] = self.env.now + self.avoided
        raise NodesLost


def placed(shards: int, replicas: int, nodes: int) -> list[list[int]]:
    """Return the nodes of each shard's copies, spread evenly."""
    return [[(shard * replicas + copy) % nodes for copy in range(replicas)] for shard in range(shards)]


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: when it came, how long it took, and whether it was answered."""

    at: float
    seconds: float
    ok: bool


def arrivals(
    env: simpy.Environment, times: list[float], handle: Callable[[int], Steps], answered: list[Answered]
) -> Steps:
    """Start a request at each of the times, whether or not earlier ones are done."""

    def one(number: int) -> Steps:
        began, ok = env.now, True
        try:
            yield from handle(number)
        except NodesLost:
            ok = False
        answered.append(Answered(began, env.now - began, ok))

    for number, at in enumerate(times):
        yield env.timeout(at - env.now)
        env.process(one(number))


def poisson(rate: float, seconds: float, random: np.random.Generator) -> list[float]:
    """Return random times of arrival: `rate` a second on average, each independent of the others."""
    gaps = random.exponential(1 / rate, size=int(2 * rate * seconds) + 20)
    times = np.cumsum(gaps)
    return [float(at) for at in times[times < seconds]]


def percentiles(found: list[Answered]) -> tuple[float, float]:
    """Return the median and the 95th percentile of the seconds."""
    middle, high = np.percentile([one.seconds for one in found], [50, 95])
    return float(middle), float(high)


def served(
    works: list[Work], times: list[float], *, processes: int, threads: int, contention: float = 1.0
) -> list[Answered]:
    """Simulate API processes behind a balancer that gives each the next request, and return what was answered.

    Args:
        works: What the requests take; request n takes `works[n % len(works)]`.
        times: Of arrival.
        processes: Their number.
        threads: Of each process.
        contention: How much longer the work takes while threads compete for Python's lock.
    """
    env, answered = simpy.Environment(), list[Answered]()
    api = [ApiProcess(env, threads, contention) for _ in range(processes)]
    env.process(
        arrivals(env, times, lambda number: api[number % processes].handle(works[number % len(works)]), answered)
    )
    env.run()
    return answered


@dataclass(frozen=True, slots=True)
class Scaling:
    """When workers are added: `more` if that many tracks wait, after `start_seconds` each, up to `most` workers."""

    more: int
    start_seconds: float
    most: int
    every: float = 1.0


@dataclass(slots=True)
class Analyses:
    """Workers that take tracks from a queue.

    Attributes:
        env: The simulated world.
        service: Seconds of each track, in order.
        processor: The cores that the workers share.
        taken: Tracks that a worker has taken.
        done: When each finished track was done.
        lost: Tracks that a lost worker held.
    """

    env: simpy.Environment
    service: list[float]
    processor: Processor
    taken: int = 0
    done: list[float] = field(default_factory=list)
    lost: int = 0
    _workers: list[simpy.Process] = field(default_factory=list)

    def start(self) -> None:
        """Start a worker."""
        self._workers.append(self.env.process(self._work()))

    def lose(self) -> None:
        """Kill the first worker that works; what it holds waits for its lease."""
        worker = next(worker for worker in self._workers if worker.is_alive)
        worker.interrupt()

    def _work(self) -> Steps:
        try:
            while self.taken < len(self.service):
                track = self.taken
                self.taken += 1
                yield from self.processor.work(self.service[track])
                self.done.append(self.env.now)
        except simpy.Interrupt:
            self.lost += 1


def drained(service: list[float], cores: int, scaling: Scaling, lose_after: int | None) -> Analyses:
    """Simulate one worker and an autoscaler until a backlog is analysed, and return what happened.

    Args:
        service: Seconds of each track.
        cores: Of the machine.
        scaling: When workers are added.
        lose_after: The number of finished tracks at which the first worker is killed; None: never.
    """
    env = simpy.Environment()
    analyses = Analyses(env, service, Processor(env, cores))
    analyses.start()
    env.process(_autoscale(env, analyses, scaling))
    if lose_after is not None:
        env.process(_lose(env, analyses, lose_after))
    env.run()
    return analyses


def _autoscale(env: simpy.Environment, analyses: Analyses, scaling: Scaling) -> Steps:
    for _ in range(scaling.most - 1):
        while len(analyses.service) - analyses.taken < scaling.more:
            yield env.timeout(scaling.every)
            if analyses.taken == len(analyses.service):
                return
        yield env.timeout(scaling.start_seconds)
        analyses.start()


def _lose(env: simpy.Environment, analyses: Analyses, after: int) -> Steps:
    while len(analyses.done) < after:
        yield env.timeout(TURN_SECONDS)
    analyses.lose()


NODE_CORES, QUERY_SECONDS = 4, 0.01
LOST_AT, END = 6.0, 24.0


def simulated_loss(nodes: int, load: float, *, frozen: bool) -> dict[str, float]:
    """Simulate an index whose first node dies or freezes, and return what its clients see.

    Args:
        nodes: Number of nodes; each holds a copy of the whole index.
        load: The share of their cores that queries keep busy before.
        frozen: Whether the node stays connected and does not respond.

    Returns:
        The 95th percentile in ms before and from one second after the loss, the slowest query, and the failed ones.
    """
    env, answered = simpy.Environment(), list[Answered]()
    members = [Node(Processor(env, NODE_CORES)) for _ in range(nodes)]
    cluster = Cluster(env, members, [list(range(nodes))], QUERY_SECONDS)
    times = poisson(load * nodes * NODE_CORES / QUERY_SECONDS, END, np.random.default_rng(0))

    def lose() -> Steps:
        yield env.timeout(LOST_AT)
        members[0].alive, members[0].frozen = frozen, frozen

    env.process(arrivals(env, times, lambda _: cluster.query(), answered))
    env.process(lose())
    env.run()
    before = [one for one in answered if one.at < LOST_AT - 1]
    after = [one for one in answered if one.at > LOST_AT + 1]
    return {
        "before": 1000 * percentiles(before)[1],
        "after": 1000 * percentiles(after)[1],
        "slowest": 1000 * max(one.seconds for one in answered),
        "failed": sum(not one.ok for one in answered),
    }
