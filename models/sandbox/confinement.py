"""Confine decoder processes: resource limits, Landlock and seccomp on Linux; resource limits on macOS.

The server calls `confine_server` once, and each decoder that it forks calls `limit_decoder`. Protections that the
system does not offer are reported, so that the worker can log them.

Sources: landlock(7), seccomp(2), the kernel's system call tables.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Options of prctl(2), flags of unshare(2).
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000

# Bytes of address space above those of an idle decoder. Six windows of eight channels at 384 kHz need 120 MB.
MEMORY_BYTES = 384 * 2**20
CPU_SECONDS = 60  # a track takes tenths of a second; the slowest machines take a few
OPEN_FILES = 16  # the file, a few pipes, the standard streams
OOM_SCORE_ADJ = "1000"  # when memory runs out, the kernel kills the decoder, not the worker that waits for it

LIMITS = "limits on memory, processor time, open files and written bytes"
FILES = "no access to files other than the one passed to it (Landlock)"
CALLS = "no system calls other than those that decoding needs (seccomp)"
NETWORK = "no network (seccomp, and a network namespace where containers allow it)"
PRIVILEGES = "no new privileges"
DEATH = "ends with its worker"
ON_LINUX = (PRIVILEGES, DEATH, NETWORK, FILES, CALLS)

# Landlock: system call numbers (equal on every architecture), and rights by the ABI version that introduced them. A
# right that a ruleset handles and no rule grants is denied.
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
FILE_RIGHTS = {1: 0x1FFF, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
NETWORK_VERSION, NETWORK_RIGHTS = 4, 0b11  # bind and connect TCP
SCOPE_VERSION, SCOPES = 6, 0b11  # abstract Unix sockets, signals

# seccomp: filter return values, and instructions of classic BPF (load a word, jump if equal, jump if any bit is set,
# return). A refused call fails with EPERM instead of killing: a C library that tries a newer call then uses the older.
SECCOMP_MODE_FILTER = 2
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
LOAD, JUMP_EQUAL, JUMP_BITS, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER_OFFSET, ARCHITECTURE_OFFSET, ARGUMENTS_OFFSET, ARGUMENT_BYTES = 0, 4, 16, 8  # of struct seccomp_data
PROT_EXEC = 4
AT_EMPTY_PATH = 0x1000

Instruction = tuple[int, int, int, int]
"""An instruction of classic BPF: code, jump if true, jump if false, operand."""


@dataclass(frozen=True)
class Architecture:
    """The system calls of one processor architecture that a decoder may make.

    Attributes:
        audit: Its AUDIT_ARCH constant; the filter kills a process that makes calls of another architecture.
        allowed: Name → number of the calls that are allowed with any arguments.
        without_exec: Name → number of the calls that are allowed unless they request executable memory.
        newfstatat: Number of the call that is allowed on open files only.
    """

    audit: int
    allowed: dict[str, int]
    without_exec: dict[str, int]
    newfstatat: int


# None of these opens a file, starts a program or thread, sends a signal or connects to a network.
ARCHITECTURES = {
    "x86_64": Architecture(
        audit=0xC000003E,
        allowed={
            "read": 0,
            "write": 1,
            "close": 3,
            "fstat": 5,
            "lseek": 8,
            "munmap": 11,
            "brk": 12,
            "rt_sigaction": 13,
            "rt_sigprocmask": 14,
            "rt_sigreturn": 15,
            "pread64": 17,
            "readv": 19,
            "writev": 20,
            "sched_yield": 24,
            "mremap": 25,
            "madvise": 28,
            "getpid": 39,
            "exit": 60,
            "getrusage": 98,
            "sigaltstack": 131,
            "gettid": 186,
            "futex": 202,
            "sched_getaffinity": 204,
            "restart_syscall": 219,
            "clock_gettime": 228,
            "clock_nanosleep": 230,
            "exit_group": 231,
            "getrandom": 318,
            "rseq": 334,
        },
        without_exec={"mmap": 9, "mprotect": 10},
        newfstatat=262,
    ),
    "aarch64": Architecture(
        audit=0xC00000B7,
        allowed={
            "close": 57,
            "lseek": 62,
            "read": 63,
            "write": 64,
            "readv": 65,
            "writev": 66,
            "pread64": 67,
            "fstat": 80,
            "exit": 93,
            "exit_group": 94,
            "futex": 98,
            "clock_gettime": 113,
            "clock_nanosleep": 115,
            "sched_getaffinity": 123,
            "sched_yield": 124,
            "restart_syscall": 128,
            "sigaltstack": 132,
            "rt_sigaction": 134,
            "rt_sigprocmask": 135,
            "rt_sigreturn": 139,
            "getrusage": 165,
            "getpid": 172,
            "gettid": 178,
            "brk": 214,
            "munmap": 215,
            "mremap": 216,
            "madvise": 233,
            "getrandom": 278,
            "rseq": 293,
        },
        without_exec={"mmap": 222, "mprotect": 226},
        newfstatat=79,
    ),
}


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


def confine_server(parent: int) -> tuple[list[str], list[str]]:
    """Give up, for good, all rights that forking decoders does not need.

    Args:
        parent: Process id of the worker; this process ends with it.

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
        deny_files()
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


def limit_decoder(address_space: int, *, filter_calls: bool) -> None:
    """Limit this process for the one file that it decodes.

    Args:
        address_space: Bytes; 0 sets no limit, as on macOS, which counts the shared libraries of the whole system.
        filter_calls: Whether to filter system calls; requires `seccomp_is_available`.

    Raises:
        OSError: The system refuses a limit.
    """
    if address_space:
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if filter_calls:
        filter_system_calls()


def mapped_bytes() -> int:
    """Return the size of this process's address space in bytes; 0 outside Linux."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def landlock_version() -> int:
    """Return the Landlock ABI version of this kernel; 0 without Landlock (Linux < 5.13)."""
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (None, ctypes.c_size_t(0), LANDLOCK_CREATE_RULESET_VERSION)
    return max(0, int(libc.syscall(LANDLOCK_CREATE_RULESET, *arguments)))


def deny_files() -> None:
    """Deny this process and its children all files that are not open yet, TCP, and signals to other processes.

    TCP needs Landlock 4 (Linux 6.7) and signals Landlock 6 (Linux 6.12). The process must have no_new_privs set.

    Raises:
        OSError: The kernel refuses the ruleset.
    """
    version = landlock_version()
    ruleset = struct.pack("=Q", sum(right for since, right in FILE_RIGHTS.items() if since <= version))
    if version >= NETWORK_VERSION:
        ruleset += struct.pack("=Q", NETWORK_RIGHTS)
    if version >= SCOPE_VERSION:
        ruleset += struct.pack("=Q", SCOPES)
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.syscall(LANDLOCK_CREATE_RULESET, ruleset, ctypes.c_size_t(len(ruleset)), 0)
    if descriptor < 0:
        raise _last_error()
    try:
        if libc.syscall(LANDLOCK_RESTRICT_SELF, descriptor, 0) != 0:
            raise _last_error()
    finally:
        os.close(descriptor)


def seccomp_is_available() -> bool:
    """Return whether this system can filter system calls and `ARCHITECTURES` has its numbers."""
    return sys.platform == "linux" and platform.machine() in ARCHITECTURES and struct.calcsize("P") == ARGUMENT_BYTES


def filter_system_calls() -> None:
    """Refuse, from now on, every system call of this process that decoding does not need.

    Raises:
        OSError: The kernel refuses the filter.
    """
    program = filter_program(ARCHITECTURES[platform.machine()])
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0) != 0:
        raise _last_error()


def filter_program(architecture: Architecture) -> list[Instruction]:
    """Return the seccomp filter for an architecture as classic BPF."""
    instructions = [
        (LOAD, 0, 0, ARCHITECTURE_OFFSET),
        (JUMP_EQUAL, 1, 0, architecture.audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_OFFSET),
    ]
    for number in architecture.allowed.values():
        instructions += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    for number in architecture.without_exec.values():
        instructions += _allow_if_argument(number, 2, (JUMP_BITS, 1, 0, PROT_EXEC))
    instructions += _allow_if_argument(architecture.newfstatat, 3, (JUMP_EQUAL, 0, 1, AT_EMPTY_PATH))
    return [*instructions, (RETURN, 0, 0, REFUSE)]


def _allow_if_argument(number: int, argument: int, test: Instruction) -> list[Instruction]:
    """Allow a call if the test of one argument continues with the next instruction; refuse it if the test skips one."""
    return [
        (JUMP_EQUAL, 0, 4, number),
        (LOAD, 0, 0, ARGUMENTS_OFFSET + ARGUMENT_BYTES * argument),
        test,
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]


def _last_error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
