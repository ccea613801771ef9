import subprocess
import sys
import textwrap

import pytest

FAULTS = """
    import resource, sys
    import numpy as np
    from models.memory import keep_freed_memory

    def faults():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            np.ones(2 * 2**20, np.float32) * 2
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    keep_freed_memory()
    faults()
    print(faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc has this setting")
def test_freed_memory_is_reused():
    """A process reuses the megabytes that it frees, without a page fault for every 4 kB of them."""
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FAULTS)], capture_output=True, check=True, env={"OMP_NUM_THREADS": "1"}
    )

    assert int(found.stdout) < 100
