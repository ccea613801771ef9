"""What a process that serves the API does to itself before the first request."""

import subprocess
import sys

SETTLED = """
import gc
import numpy
from threadpoolctl import threadpool_info
from services.api.app import freeze_heap
freeze_heap()
assert gc.get_freeze_count() > 10_000, gc.get_freeze_count()
assert [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"] == [1]
"""


def test_a_settled_process_has_a_frozen_heap_and_one_thread_for_matrices():
    """In a process of its own: neither can be taken back."""
    subprocess.run([sys.executable, "-c", SETTLED], check=True)
