"""A circuit opens after consecutive failures, allows a trial call, and closes when that succeeds."""

import pytest

from services.circuit import FAILURES, RETRY_SECONDS, Circuit, CircuitOpen
from services.domain.errors import BrokerUnavailable
from services.tasks.queue import TaskQueue


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def circuit(clock):
    return Circuit(lambda error: isinstance(error, ConnectionError), clock=clock)


def fail(circuit, error=ConnectionError):
    with pytest.raises(error), circuit.call():
        raise error


def opened(circuit):
    for _ in range(FAILURES):
        fail(circuit)


def is_open(circuit):
    try:
        with circuit.call():
            return False
    except CircuitOpen:
        return True


def test_it_opens_after_failures_in_a_row(circuit):
    """Fewer failures are not enough, and a success resets the count."""
    for _ in range(FAILURES - 1):
        fail(circuit)
    assert not is_open(circuit)
    opened(circuit)

    assert is_open(circuit)


def test_an_error_response_is_not_a_failure(circuit):
    """An error response does not mean that the part is unavailable."""
    for _ in range(2 * FAILURES):
        fail(circuit, LookupError)

    assert not is_open(circuit)


def test_it_closes_after_a_successful_trial(circuit, clock):
    """After the retry time a trial call is allowed; its success closes the circuit."""
    opened(circuit)
    clock.now += RETRY_SECONDS

    assert [is_open(circuit) for _ in range(3)] == [False, False, False]


def test_a_trial_that_fails_keeps_it_open(circuit, clock):
    """After a failed trial the next one is allowed after the full retry time."""
    opened(circuit)
    clock.now += RETRY_SECONDS
    fail(circuit)
    clock.now += RETRY_SECONDS - 0.1

    assert is_open(circuit)
    clock.now += 0.1
    assert not is_open(circuit)


def test_one_trial_call_runs_at_a_time(circuit, clock):
    """While a trial call runs, other calls fail at once."""
    opened(circuit)
    clock.now += RETRY_SECONDS
    with circuit.call():
        assert is_open(circuit)
    assert not is_open(circuit)


def test_an_interrupted_trial_allows_the_next(circuit, clock):
    """An interrupted trial is neither success nor failure and blocks no later trial."""
    opened(circuit)
    clock.now += RETRY_SECONDS
    fail(circuit, KeyboardInterrupt)

    assert not is_open(circuit)


def test_acquiring_a_lease_uses_the_circuit():
    """While the circuit is open, acquiring a lease fails without a connection to the broker."""
    queue = TaskQueue("redis+socket:///nonexistent/valkey.sock")
    for _ in range(FAILURES):
        with pytest.raises(BrokerUnavailable), queue.lease("anything", 1.0):
            pass

    with pytest.raises(BrokerUnavailable) as refused:
        queue.ping()
    assert isinstance(refused.value.__cause__, CircuitOpen)
    with pytest.raises(BrokerUnavailable) as refused, queue.lease("anything", 1.0):
        pass
    assert isinstance(refused.value.__cause__, CircuitOpen)
