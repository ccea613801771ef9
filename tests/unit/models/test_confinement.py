"""The seccomp filter allows only the system calls that decoding needs, on every architecture."""

import errno

import pytest

from models.sandbox.confinement import (
    ALLOW,
    ARCHITECTURE_OFFSET,
    ARCHITECTURES,
    ARGUMENT_BYTES,
    ARGUMENTS_OFFSET,
    AT_EMPTY_PATH,
    JUMP_BITS,
    JUMP_EQUAL,
    KILL,
    LOAD,
    NUMBER_OFFSET,
    PROT_EXEC,
    REFUSE,
    Architecture,
    filter_program,
)

PROT_READ_WRITE = 3
DANGEROUS = {
    "x86_64": {
        "open": 2,
        "socket": 41,
        "clone": 56,
        "fork": 57,
        "execve": 59,
        "kill": 62,
        "ptrace": 101,
        "openat": 257,
    },
    "aarch64": {"openat": 56, "ptrace": 117, "kill": 129, "socket": 198, "clone": 220, "execve": 221},
}


def run_filter(
    architecture: Architecture, number: int, arguments: tuple[int, ...] = (), audit: int | None = None
) -> int:
    """Interpret the filter like the kernel and return its verdict on a system call."""
    data = {NUMBER_OFFSET: number, ARCHITECTURE_OFFSET: architecture.audit if audit is None else audit}
    data |= {ARGUMENTS_OFFSET + ARGUMENT_BYTES * index: value for index, value in enumerate(arguments)}
    program = filter_program(architecture)
    position, loaded = 0, 0
    while True:
        code, if_true, if_false, operand = program[position]
        position += 1
        if code == LOAD:
            loaded = data.get(operand, 0)
        elif code in {JUMP_EQUAL, JUMP_BITS}:
            holds = loaded == operand if code == JUMP_EQUAL else bool(loaded & operand)
            position += if_true if holds else if_false
        else:
            return operand


@pytest.fixture(params=ARCHITECTURES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_calls_for_decoding_are_allowed(name: str):
    """Every listed call is allowed with any arguments."""
    architecture = ARCHITECTURES[name]

    assert {run_filter(architecture, number) for number in architecture.allowed.values()} == {ALLOW}


def test_every_other_call_is_refused(name: str):
    """All other numbers fail with EPERM, among them opening files, starting programs and connecting."""
    architecture = ARCHITECTURES[name]
    listed = {*architecture.allowed.values(), *architecture.without_exec.values(), architecture.newfstatat}

    assert listed.isdisjoint(DANGEROUS[name].values())
    assert {run_filter(architecture, number) for number in set(range(1024)) - listed} == {REFUSE}
    assert REFUSE & 0xFFFF == errno.EPERM


def test_executable_memory_is_refused(name: str):
    """Memory may be mapped and protected, but not as executable."""
    architecture = ARCHITECTURES[name]
    for number in architecture.without_exec.values():
        assert run_filter(architecture, number, (0, 4096, PROT_READ_WRITE)) == ALLOW
        assert run_filter(architecture, number, (0, 4096, PROT_READ_WRITE | PROT_EXEC)) == REFUSE


def test_newfstatat_works_on_open_files_only(name: str):
    """The call is allowed with exactly the flag for an open descriptor, and not for paths."""
    architecture = ARCHITECTURES[name]

    assert run_filter(architecture, architecture.newfstatat, (3, 0, 0, AT_EMPTY_PATH)) == ALLOW
    assert run_filter(architecture, architecture.newfstatat, (3, 0, 0, 0)) == REFUSE


def test_calls_of_another_architecture_kill(name: str):
    """The same number means another call on another architecture, so the process is killed."""
    architecture = ARCHITECTURES[name]

    assert run_filter(architecture, architecture.allowed["read"], audit=architecture.audit ^ 1) == KILL
