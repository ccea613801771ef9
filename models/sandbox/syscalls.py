"""The system calls that a decoder may make; the kernel refuses every other (seccomp, Linux only).

A few that read what is open, return memory and end the process. None opens a file, starts a program, makes a thread,
sends a signal or reaches a network. Refused calls fail with EPERM instead of killing: a C library that tries a newer
call first then takes the older one. Sources: seccomp(2), the kernel's syscall tables.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from dataclasses import dataclass

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000

# Instructions of classic BPF: load a word, jump if equal, jump if any bit is set, return.
LOAD, JUMP_EQUAL, JUMP_BITS, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER_OFFSET, ARCHITECTURE_OFFSET, ARGUMENTS_OFFSET, ARGUMENT_BYTES = 0, 4, 16, 8  # of struct seccomp_data

PROT_EXEC = 4
AT_EMPTY_PATH = 0x1000


@dataclass(frozen=True)
class Architecture:
    """How a processor's kernel numbers its system calls.

    Attributes:
        audit: Its AUDIT_ARCH constant: numbers mean something else on another.
        free: Calls allowed whatever their arguments.
        mapping: mmap and mprotect, allowed unless they ask for memory that can be executed.
        fstat_at: newfstatat, allowed on open files only.
    """

    audit: int
    free: tuple[int, ...]
    mapping: tuple[int, ...]
    fstat_at: int


# The free ones of each are, in this order: read write readv writev pread64 lseek fstat close munmap mremap madvise brk
# futex sched_yield rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall clock_gettime clock_nanosleep
# getpid gettid getrusage getrandom sched_getaffinity rseq exit exit_group
ARCHITECTURES = {
    "x86_64": Architecture(
        audit=0xC000003E,
        free=(
            *(0, 1, 19, 20, 17, 8, 5, 3, 11, 25, 28, 12, 202, 24),
            *(13, 14, 15, 131, 219, 228, 230, 39, 186, 98, 318, 204, 334, 60, 231),
        ),
        mapping=(9, 10),
        fstat_at=262,
    ),
    "aarch64": Architecture(
        audit=0xC00000B7,
        free=(
            *(63, 64, 65, 66, 67, 62, 80, 57, 215, 216, 233, 214, 98, 124),
            *(134, 135, 139, 132, 128, 113, 115, 172, 178, 165, 278, 123, 293, 93, 94),
        ),
        mapping=(222, 226),
        fstat_at=79,
    ),
}


def is_available() -> bool:
    """Whether this system can filter system calls, and their numbers are known here."""
    return sys.platform == "linux" and platform.machine() in ARCHITECTURES and struct.calcsize("P") == ARGUMENT_BYTES


def refuse_others() -> None:
    """Give up every system call that decoding does not need, for the rest of this process.

    Raises:
        OSError: The kernel takes no filter.
    """
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program(ARCHITECTURES[platform.machine()]))
    buffer = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def program(architecture: Architecture) -> list[tuple[int, int, int, int]]:
    """Write the filter.

    Returns:
        Instructions of classic BPF: `(code, jump if true, jump if false, operand)`.
    """
    instructions = [
        (LOAD, 0, 0, ARCHITECTURE_OFFSET),
        (JUMP_EQUAL, 1, 0, architecture.audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_OFFSET),
    ]
    for number in architecture.free:
        instructions += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    for number in architecture.mapping:
        instructions += _if_argument(number, 2, (JUMP_BITS, 1, 0, PROT_EXEC))
    instructions += _if_argument(architecture.fstat_at, 3, (JUMP_EQUAL, 0, 1, AT_EMPTY_PATH))
    return [*instructions, (RETURN, 0, 0, REFUSE)]


def _if_argument(number: int, argument: int, test: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """Allow a call if a test of one argument goes on to the next instruction, refuse it if the test skips one."""
    return [
        (JUMP_EQUAL, 0, 4, number),
        (LOAD, 0, 0, ARGUMENTS_OFFSET + ARGUMENT_BYTES * argument),
        test,
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
