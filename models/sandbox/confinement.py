"""Confine decoder processes: resource limits, Landlock and seccomp on Linux; resource limits on macOS.

The server calls `confine_server` once. Each decoder that it forks calls `limit_decoder`, and each process that becomes
ffmpeg calls `limit_program`. Protections that the system does not offer are reported, so that the worker can log them.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from models.sandbox.landlock import EXECUTE, READ_FILE, Rule, deny_files, landlock_version
from models.sandbox.seccomp import filter_system_calls, seccomp_is_available

# Options of prctl(2), flags of unshare(2).
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000

# Bytes of address space above those of an idle decoder. Six windows of eight channels at 384 kHz need 120 MB.
MEMORY_BYTES = 384 * 2**20
CPU_SECONDS = 60  # a track takes tenths of a second; the slowest machines take a few
OPEN_FILES = 64  # the file, a few pipes, the standard streams, what ffmpeg wrote
OOM_SCORE_ADJ = "1000"  # when memory runs out, the kernel kills the decoder, not the worker that waits for it

# Of a program. Its writable memory is limited, because its libraries map hundreds of megabytes that they never touch.
PROGRAM_MEMORY_BYTES = 512 * 2**20
PROGRAM_ADDRESS_SPACE = 4 * 2**30  # the limit above leaves out shared memory
PROGRAM_STACK_BYTES = 2 * 2**20  # each of its threads maps as much
PROGRAM_OPEN_FILES = 128  # the file once a window, the outputs, a library that is being loaded

LIMITS = "limits on memory, processor time, open files and written bytes"
FILES = "no access to files other than the one passed to it (Landlock)"
CALLS = "no system calls other than those that decoding needs (seccomp)"
NETWORK = "no network (seccomp, and a network namespace where containers allow it)"
PRIVILEGES = "no new privileges"
DEATH = "ends with its worker"
ON_LINUX = (PRIVILEGES, DEATH, NETWORK, FILES, CALLS)


def die_with_parent(parent: int) -> None:
    """Make the kernel kill this process when its parent dies (Linux only).

    Args:
        parent: Process id of the parent; if it died already, this process exits.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before the call above
        os._exit(1)


def confine_server(parent: int, *, starts_programs: bool = False) -> tuple[list[str], list[str]]:
    """Give up, for good, all rights that forking decoders and starting programs do not need.

    Args:
        parent: Process id of the worker; this process ends with it.
        starts_programs: Whether the server has to start programs; it may then read and execute files, but not write.
            Its decoders may not, and its programs may only read what `limit_program` allows.

    Returns:
        The protections that are active, and those that this system does not offer.
    """
    if sys.platform != "linux":
        return [LIMITS], list(ON_LINUX)
    with suppress(OSError):  # a container may not have the file; a decoder uses little memory anyway
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE_ADJ, encoding="ascii")
    libc = ctypes.CDLL(None, use_errno=True)
    has_namespace = libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0
    die_with_parent(parent)  # after unshare: a change of credentials clears the setting
    no_new_privileges = libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0  # Landlock and seccomp require it
    has_landlock = no_new_privileges and landlock_version() > 0
    if has_landlock:
        deny_files([Rule("/", READ_FILE | EXECUTE)] if starts_programs else [])
    has_seccomp = no_new_privileges and seccomp_is_available()
    states = {
        LIMITS: True,
        DEATH: True,
        PRIVILEGES: no_new_privileges,
        NETWORK: has_namespace or has_seccomp,
        FILES: has_landlock,
        CALLS: has_seccomp,
    }
    return [name for name, is_on in states.items() if is_on], [name for name, is_on in states.items() if not is_on]


def limit_decoder(address_space: int, protections: Collection[str]) -> None:
    """Limit this process for the one file that it decodes.

    Args:
        address_space: Bytes; 0 sets no limit, as on macOS, which counts the shared libraries of the whole system.
        protections: Those that this system offers, as `confine_server` returned them.

    Raises:
        OSError: The system refuses a limit.
    """
    if address_space:
        _limit(resource.RLIMIT_AS, address_space)
    _limit_time(CPU_SECONDS)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    if FILES in protections:
        deny_files()
    if CALLS in protections:
        filter_system_calls()


def limit_program(
    rules: Iterable[Rule], file_bytes: int, protections: Collection[str], cpu_seconds: int = CPU_SECONDS
) -> None:
    """Limit this process for the program that it becomes, and the one file that the program reads.

    Args:
        rules: The files that it may read or execute.
        file_bytes: Size up to which it may write each of its output files, which are open already.
        protections: Those that this system offers, as `confine_server` returned them.
        cpu_seconds: Limit of its processor time.

    Raises:
        OSError: The system refuses a limit.
    """
    if sys.platform == "linux":  # macOS counts the shared libraries of the whole system
        _limit(resource.RLIMIT_DATA, PROGRAM_MEMORY_BYTES)
        _limit(resource.RLIMIT_AS, PROGRAM_ADDRESS_SPACE)
        _limit(resource.RLIMIT_STACK, PROGRAM_STACK_BYTES)
    _limit_time(cpu_seconds)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_NOFILE, PROGRAM_OPEN_FILES)
    if FILES in protections:
        deny_files(rules)
    if CALLS in protections:
        filter_system_calls(of_program=True)


def _limit_time(cpu_seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    _limit(resource.RLIMIT_CORE, 0)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def mapped_bytes() -> int:
    """Return the size of this process's address space in bytes; 0 outside Linux."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
