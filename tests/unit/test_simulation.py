"""The simulation of requests, workers and lost nodes agrees with what queueing theory says."""

import numpy as np
import pytest
import simpy

from tests.perf.simulation import (
    Answered,
    Cluster,
    Node,
    Processor,
    Scaling,
    Work,
    arrivals,
    drained,
    placed,
    poisson,
    served,
    simulated_loss,
)


@pytest.mark.parametrize("load", [0.3, 0.6])
def test_requests_share_a_processor(load):
    """With processor sharing, a request takes its own time divided by the idle share, whatever the distribution."""
    works = [Work(seconds) for seconds in np.random.default_rng(1).gamma(2, 0.05, size=200)]
    mean = float(np.mean([work.busy for work in works]))
    times = poisson(load / mean, 1000, np.random.default_rng(2))

    found = np.mean([one.seconds for one in served(works, times, processes=1, threads=10_000)])

    assert found == pytest.approx(mean / (1 - load), rel=0.15)


def test_more_than_a_process_can_do():
    """It then does as much as it can: one second of work in a second."""
    answered = served([Work(0.02)], poisson(100, 30, np.random.default_rng(3)), processes=1, threads=8)

    assert len(answered) / max(one.at + one.seconds for one in answered) == pytest.approx(50, rel=0.02)


def test_workers_share_a_backlog():
    """A second worker halves the time that is left when it starts."""
    alone = drained([0.5] * 100, 2, Scaling(10, 0, 1), None)
    helped = drained([0.5] * 100, 2, Scaling(10, 10, 2), None)

    assert alone.done[-1] == pytest.approx(50)
    assert helped.done[-1] == pytest.approx(10 + 20, abs=1)


def test_a_killed_worker_loses_one_track():
    """The track waits for its lease; the other worker does the rest alone."""
    found = drained([0.5] * 100, 2, Scaling(10, 0, 2), 50)

    assert found.lost == 1
    assert len(found.done) == 99
    assert found.done[-1] == pytest.approx(12.5 + 24.5, abs=1)


@pytest.mark.parametrize("frozen", [True, False])
def test_no_query_fails_when_one_of_three_nodes_is_lost(frozen):
    """A second attempt goes to another node; a frozen one delays the first attempt by its limit."""
    found = simulated_loss(3, 0.3, frozen=frozen)

    assert found["failed"] == 0
    assert (found["slowest"] > 1000) == frozen


def test_queries_fail_without_a_second_copy():
    """A shard with one copy is lost with its node."""
    env = simpy.Environment()
    nodes = [Node(Processor(env, 1)) for _ in range(3)]
    nodes[0].alive = False
    answered: list[Answered] = []
    cluster = Cluster(env, nodes, placed(3, 1, 3), 0.01)
    env.process(arrivals(env, [0.0, 1.0], lambda _: cluster.query(), answered))
    env.run()

    assert [one.ok for one in answered] == [False, False]
