"""When the health check of worker containers fails; `test_deploy_processes.py` runs it with a real worker."""

import importlib.util
from pathlib import Path

import pytest

from services.tasks.queue import ANALYSE_TASK, SCAN_TASK

FILE = Path(__file__).parents[2] / "deploy/worker_health.py"


@pytest.fixture(scope="module")
def health():
    spec = importlib.util.spec_from_file_location("worker_health", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("held", "waiting", "ill"), [(1, 5, True), (2, 5, False), (1, 0, False)])
def test_a_worker_with_a_free_child_and_waiting_messages_is_unhealthy(health, held, waiting, ill):
    """A worker is unhealthy if messages wait while one of its children is free."""
    sample = health.Sample(started=9, held=held, children=2, waiting=waiting)

    assert sample.leaves_work == ill


@pytest.mark.parametrize(
    ("name", "begun", "overdue"), [(ANALYSE_TASK, 170, False), (ANALYSE_TASK, 190, True), (SCAN_TASK, 3600, False)]
)
def test_a_task_beyond_its_limit_is_overdue(health, name, begun, overdue):
    """A task is overdue after its hard limit and a grace period."""
    assert health.is_overdue({"name": name, "time_start": 10_000.0 - begun}, now=10_000.0) == overdue


def test_a_task_that_has_not_begun_is_not_overdue(health):
    """A task that waits for a child has no start time."""
    assert not health.is_overdue({"name": ANALYSE_TASK, "time_start": None}, now=10_000.0)
