"""The memory limit of a worker child, tested in new processes because it cannot be removed."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no other system holds a process to the limit")

ALLOCATE = """
import mmap, sys
from workers.lifecycle import bound_memory
mapped = mmap.mmap(-1, 6 * 2**30, prot=mmap.PROT_READ)  # as torch does: address space that is never touched
bound_memory(2**30)
small = bytes(2**20)
try:
    numbers = bytearray(2**31)
except MemoryError:
    print("refused")
"""

DECLARED = """
import resource
from workers.lifecycle import ADDRESS_SPACE_HEADROOM_BYTES, bound_memory
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
bound_memory(ADDRESS_SPACE_HEADROOM_BYTES)
print(resource.getrlimit(resource.RLIMIT_AS) == (2**30, 2**30))
"""


def printed(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_runaway_allocation_is_a_memory_error():
    """An allocation beyond the headroom raises MemoryError."""
    assert printed(ALLOCATE) == "refused\n"


def test_a_stricter_limit_of_the_system_is_kept():
    """A stricter limit of the system is not raised."""
    assert printed(DECLARED) == "True\n"
