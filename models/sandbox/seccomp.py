"""seccomp: refuse every system call that a decoder does not need. Sources: seccomp(2), the kernel's call tables.

There are two filters. That of a decoder allows no call that opens a file or starts a program. That of a program such as
ffmpeg also allows what its start needs: executing it, opening files for reading, mapping libraries, starting threads.
"""

import ctypes
import errno
import platform
import struct
import sys
from dataclasses import dataclass

from models.sandbox.landlock import last_error

PR_SET_SECCOMP = 22  # option of prctl(2)

# Filter return values, and instructions of classic BPF (load a word, jump if equal, jump if any bit is set, return). A
# refused call fails with EPERM instead of killing: a C library that tries a newer call then uses the older.
SECCOMP_MODE_FILTER = 2
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
# glibc uses clone instead of clone3 only if the kernel seems not to have clone3, whose flags a filter cannot read.
ABSENT = 0x00050000 | errno.ENOSYS
LOAD, JUMP_EQUAL, JUMP_BITS, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER_OFFSET, ARCHITECTURE_OFFSET, ARGUMENTS_OFFSET, ARGUMENT_BYTES = 0, 4, 16, 8  # of struct seccomp_data
PROT_WRITE, PROT_EXEC, MAP_ANONYMOUS = 2, 4, 0x20
AT_EMPTY_PATH = 0x1000
F_DUPFD_CLOEXEC = 1030
CLONE_THREAD = 0x10000
OPEN_TO_CHANGE = 0o3 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC

Instruction = tuple[int, int, int, int]
"""An instruction of classic BPF: code, jump if true, jump if false, operand."""


@dataclass(frozen=True)
class Architecture:
    """The system calls of one processor architecture that decoders and programs may make.

    Attributes:
        audit: Its AUDIT_ARCH constant; the filter kills a process that makes calls of another architecture.
        allowed: Name → number of the calls that are allowed with any arguments.
        of_programs: Name → number of further calls that are allowed to programs with any arguments.
        numbers: Name → number of the calls that are allowed with some arguments; a name that an architecture lacks is
            missing.
    """

    audit: int
    allowed: dict[str, int]
    of_programs: dict[str, int]
    numbers: dict[str, int]


# None of the allowed calls opens a file, starts a program or thread, sends a signal or connects to a network.
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
        of_programs={
            "stat": 4,
            "lstat": 6,
            "poll": 7,
            "access": 21,
            "dup": 32,
            "nanosleep": 35,
            "execve": 59,
            "uname": 63,
            "fcntl": 72,
            "getcwd": 79,
            "readlink": 89,
            "gettimeofday": 96,
            "getrlimit": 97,
            "sysinfo": 99,
            "getuid": 102,
            "getgid": 104,
            "geteuid": 107,
            "getegid": 108,
            "getppid": 110,
            "statfs": 137,
            "fstatfs": 138,
            "arch_prctl": 158,
            "time": 201,
            "getdents64": 217,
            "set_tid_address": 218,
            "clock_getres": 229,
            "get_mempolicy": 239,
            "newfstatat": 262,
            "readlinkat": 267,
            "faccessat": 269,
            "ppoll": 271,
            "set_robust_list": 273,
            "membarrier": 324,
            "statx": 332,
            "faccessat2": 439,
        },
        numbers={
            "open": 2,
            "mmap": 9,
            "mprotect": 10,
            "clone": 56,
            "fcntl": 72,
            "openat": 257,
            "newfstatat": 262,
            "prlimit64": 302,
            "clone3": 435,
        },
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
        of_programs={
            "getcwd": 17,
            "dup": 23,
            "fcntl": 25,
            "statfs": 43,
            "fstatfs": 44,
            "faccessat": 48,
            "getdents64": 61,
            "ppoll": 73,
            "readlinkat": 78,
            "newfstatat": 79,
            "set_tid_address": 96,
            "set_robust_list": 99,
            "nanosleep": 101,
            "clock_getres": 114,
            "uname": 160,
            "getrlimit": 163,
            "gettimeofday": 169,
            "getppid": 173,
            "getuid": 174,
            "geteuid": 175,
            "getgid": 176,
            "getegid": 177,
            "sysinfo": 179,
            "execve": 221,
            "get_mempolicy": 236,
            "membarrier": 283,
            "statx": 291,
            "faccessat2": 439,
        },
        numbers={
            "fcntl": 25,
            "openat": 56,
            "newfstatat": 79,
            "clone": 220,
            "mmap": 222,
            "mprotect": 226,
            "prlimit64": 261,
            "clone3": 435,
        },
    ),
}


def seccomp_is_available() -> bool:
    """Return whether this system can filter system calls and `ARCHITECTURES` has its numbers."""
    return sys.platform == "linux" and platform.machine() in ARCHITECTURES and struct.calcsize("P") == ARGUMENT_BYTES


def filter_system_calls(*, of_program: bool = False) -> None:
    """Refuse, from now on, every system call of this process that it does not need.

    Args:
        of_program: Whether the process is to become a program; otherwise it is a decoder.

    Raises:
        OSError: The kernel refuses the filter.
    """
    architecture = ARCHITECTURES[platform.machine()]
    program = program_filter(architecture) if of_program else decoder_filter(architecture)
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0) != 0:
        raise last_error()


def decoder_filter(architecture: Architecture) -> list[Instruction]:
    """Return the seccomp filter of decoders for an architecture, as classic BPF."""
    numbers = architecture.numbers
    no_code = (_load(2), (JUMP_BITS, 0, 1, PROT_EXEC), *_verdicts(REFUSE, ALLOW))
    return [
        *_start(architecture, architecture.allowed),
        *_if_call(numbers["mmap"], no_code),
        *_if_call(numbers["mprotect"], no_code),
        *_if_call(numbers["newfstatat"], (_load(3), (JUMP_EQUAL, 0, 1, AT_EMPTY_PATH), *_verdicts(ALLOW, REFUSE))),
        # Python copies the descriptor of a file that it maps.
        *_if_call(numbers["fcntl"], (_load(1), (JUMP_EQUAL, 0, 1, F_DUPFD_CLOEXEC), *_verdicts(ALLOW, REFUSE))),
        (RETURN, 0, 0, REFUSE),
    ]


def program_filter(architecture: Architecture) -> list[Instruction]:
    """Return the seccomp filter of programs for an architecture, as classic BPF."""
    numbers = architecture.numbers
    arguments = {"open": 1, "openat": 2}
    opened = [
        _if_call(numbers[name], (_load(flags), (JUMP_BITS, 0, 1, OPEN_TO_CHANGE), *_verdicts(REFUSE, ALLOW)))
        for name, flags in arguments.items()
        if name in numbers
    ]
    # Code comes from files only: a library may be mapped as executable, memory may not be.
    mapped = (
        _load(2),
        (JUMP_BITS, 1, 0, PROT_EXEC),
        (RETURN, 0, 0, ALLOW),
        (JUMP_BITS, 2, 0, PROT_WRITE),
        _load(3),
        (JUMP_BITS, 0, 1, MAP_ANONYMOUS),
        *_verdicts(REFUSE, ALLOW),
    )
    limits_read = (_load(2), (JUMP_EQUAL, 0, 2, 0), _load(2, 4), (JUMP_EQUAL, 1, 0, 0), *_verdicts(REFUSE, ALLOW))
    return [
        *_start(architecture, architecture.allowed | architecture.of_programs),
        *(instruction for instructions in opened for instruction in instructions),
        *_if_call(numbers["mmap"], mapped),
        *_if_call(numbers["mprotect"], (_load(2), (JUMP_BITS, 0, 1, PROT_EXEC), *_verdicts(REFUSE, ALLOW))),
        *_if_call(numbers["clone"], (_load(0), (JUMP_BITS, 0, 1, CLONE_THREAD), *_verdicts(ALLOW, REFUSE))),
        *_if_call(numbers["clone3"], ((RETURN, 0, 0, ABSENT),)),
        *_if_call(numbers["prlimit64"], limits_read),
        (RETURN, 0, 0, REFUSE),
    ]


def _start(architecture: Architecture, allowed: dict[str, int]) -> list[Instruction]:
    instructions = [
        (LOAD, 0, 0, ARCHITECTURE_OFFSET),
        (JUMP_EQUAL, 1, 0, architecture.audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_OFFSET),
    ]
    for number in allowed.values():
        instructions += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    return instructions


def _if_call(number: int, body: tuple[Instruction, ...]) -> list[Instruction]:
    """Run the body for one call; every way through it must end with a verdict."""
    return [(JUMP_EQUAL, 0, len(body), number), *body]


def _load(argument: int, offset: int = 0) -> Instruction:
    """Load the low word of an argument; with the offset 4 its high word."""
    return (LOAD, 0, 0, ARGUMENTS_OFFSET + ARGUMENT_BYTES * argument + offset)


def _verdicts(*verdicts: int) -> list[Instruction]:
    return [(RETURN, 0, 0, verdict) for verdict in verdicts]
