"""What a decoder is locked into, and what of it this system offers.

`lock_in` is called once by the process that forks decoders, `limit` by each decoder. What a system lacks is named, not
passed over: macOS has the limits and the clean environment, Linux all of it unless a container takes some away.
"""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from models.sandbox import landlock, syscalls

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000

# Bytes of address space above what an idle decoder has. Six windows of eight channels at 384 kHz need 120 MB.
MEMORY_BYTES = 384 * 2**20
CPU_SECONDS = 60  # a track takes tenths of one; the slowest machine some
OPEN_FILES = 16  # its own: the file, a pipe or two, standard streams
FIRST_VICTIM = "1000"  # when memory runs out, the kernel takes the decoder, not the worker that waits for it

LIMITS = "limits of memory, processor time, open files and written bytes"
FILES = "no file but the one that it was handed (Landlock)"
CALLS = "no system calls but those that decoding needs (seccomp)"
NETWORK = "no network (seccomp, and a namespace of its own where containers allow it)"
PRIVILEGES = "no new privileges"
DEATH = "dies with its worker"
ON_LINUX = (PRIVILEGES, DEATH, NETWORK, FILES, CALLS)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; where it can't, end of file on a pipe has to tell."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(1)


def lock_in(parent: int) -> tuple[list[str], list[str]]:
    """Give up for good all that forking decoders does not need.

    Args:
        parent: The process to die with.

    Returns:
        The protections that are on, and those that this system does not offer.
    """
    if sys.platform != "linux":
        die_with(parent)
        return [LIMITS], list(ON_LINUX)
    with suppress(OSError):  # a container may hide it, and a decoder is small anyway
        Path("/proc/self/oom_score_adj").write_text(FIRST_VICTIM, encoding="ascii")
    libc = ctypes.CDLL(None, use_errno=True)
    has_namespace = libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0
    die_with(parent)  # after the namespace: with other credentials the kernel forgets it
    is_bound = libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0  # the two below ask for it
    has_landlock = is_bound and landlock.version() > 0
    if has_landlock:
        landlock.forbid_files()
    has_filter = is_bound and syscalls.is_available()
    states = {
        LIMITS: True,
        DEATH: True,
        PRIVILEGES: is_bound,
        NETWORK: has_namespace or has_filter,
        FILES: has_landlock,
        CALLS: has_filter,
    }
    return [name for name, is_on in states.items() if is_on], [name for name, is_on in states.items() if not is_on]


def mapped_bytes() -> int:
    """Address space that this process has mapped; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def limit(address_space: int, *, filter_calls: bool) -> None:
    """Bound this process for the one file that it decodes.

    Args:
        address_space: Bytes; 0 sets no limit. macOS counts shared libraries of the whole system.
        filter_calls: Whether system calls can be refused here.

    Raises:
        OSError: The system does not take a limit.
    """
    if address_space:
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if filter_calls:
        syscalls.refuse_others()
