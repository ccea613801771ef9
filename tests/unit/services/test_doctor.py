"""The problems that `segue doctor` finds in the values of a machine and its servers."""

from pathlib import Path

import pytest

from services.cli.machine_checks import disk_problems, lookup_problems, memory_problems, version_problems
from services.cli.server_checks import broker_problems, clock_problems, postgres_problems

MIB = 1 << 20
DATA = Path("/data")
BROKER = {"redis_version": "7.2.4", "maxmemory_policy": "noeviction", "aof_enabled": 1}


@pytest.mark.parametrize(
    ("check", "values"),
    [
        (version_problems, ("1.2.0", "1.2.0")),
        (disk_problems, (DATA, 1024 * MIB)),
        (memory_problems, (2, 1400 * MIB)),
        (broker_problems, (BROKER,)),
        (broker_problems, ({**BROKER, "redis_version": "6.2.0"},)),
        (postgres_problems, (14, "UTF8")),
        (lookup_problems, ("postgres", 1.0)),
        (clock_problems, ("the broker", 100.0, 105.0)),
        (clock_problems, ("the broker", 105.0, 100.0)),
    ],
)
def test_values_within_the_limits_are_no_problem(check, values):
    """Each limit itself is allowed."""
    assert list(check(*values)) == []


@pytest.mark.parametrize(
    ("check", "values", "problem"),
    [
        (
            version_problems,
            ("1.2.0", "1.1.0"),
            "segue is 1.2.0 and segue-client 1.1.0; install both from one checkout: `pip install ./clients/python .`",
        ),
        (
            disk_problems,
            (DATA, 1024 * MIB - 1),
            "the disk of /data has 1023 MiB left; free some space before it is full",
        ),
        (
            memory_problems,
            (4, 1500 * MIB),
            "1500 MiB of memory are free, but the analysis needs 2800 MiB; set SEGUE_WORKER_PROCESSES to 2",
        ),
        (
            memory_problems,
            (1, 300 * MIB),
            "300 MiB of memory are free, but the analysis needs 700 MiB; free some memory",
        ),
        (broker_problems, ({**BROKER, "redis_version": "6.0.16"},), "version 6.0.16 is too old; Segue needs 6.2"),
        (postgres_problems, (13, "UTF8"), "PostgreSQL 13 is too old; Segue needs 14"),
        (
            postgres_problems,
            (16, "SQL_ASCII"),
            "its encoding is SQL_ASCII; create a database with UTF8, and read a backup into it with `segue restore`",
        ),
        (
            lookup_problems,
            ("postgres", 5.2),
            (
                "looking up 'postgres' took 5 s; in /etc/resolv.conf replace the name server that does not respond, "
                "and set `options timeout:1 attempts:1`"
            ),
        ),
        (
            clock_problems,
            ("the broker", 100.0, 106.0),
            "the clock of this machine is 6 s ahead of that of the broker; synchronise both by NTP",
        ),
        (
            clock_problems,
            ("PostgreSQL", 3700.0, 100.0),
            "the clock of this machine is 3600 s behind that of PostgreSQL; synchronise both by NTP",
        ),
    ],
)
def test_a_value_outside_a_limit_is_a_problem(check, values, problem):
    """The message has the value, and what to do."""
    assert list(check(*values)) == [problem]
