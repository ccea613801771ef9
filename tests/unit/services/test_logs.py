"""A log that cannot be written fails nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import structlog
from services.logs import configure_logging

configure_logging("INFO")
for length in (1, 100_000):
    structlog.get_logger().info("x" * length)
print("done")
"""
FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="/dev/full is Linux's")
def test_a_log_on_a_full_disk_is_discarded():
    """Each write to standard error fails with ENOSPC, and the program goes on."""
    with FULL.open("w") as full:
        found = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=full, check=False)

    assert found.stdout == b"done\n"
