"""The garbage collector and the BLAS threads of an API process."""

import subprocess
import sys

PREPARED = """
import gc
import numpy
from threadpoolctl import threadpool_info
from services.api.app import freeze_heap, limit_blas_threads
limit_blas_threads()
freeze_heap()
assert gc.get_freeze_count() > 10_000, gc.get_freeze_count()
assert [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"] == [1]
"""


def test_an_api_process_has_a_frozen_heap_and_one_blas_thread():
    """Both are tested in a new process, because they cannot be reverted."""
    subprocess.run([sys.executable, "-c", PREPARED], check=True)
