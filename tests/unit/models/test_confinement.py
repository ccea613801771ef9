"""The seccomp filter allows only the system calls that decoding needs, on every architecture."""

import errno
import os
from typing import Any

import pytest

from models.sandbox.seccomp import (
    ABSENT,
    ALLOW,
    ARCHITECTURE_OFFSET,
    ARCHITECTURES,
    ARGUMENT_BYTES,
    ARGUMENTS_OFFSET,
    AT_EMPTY_PATH,
    CLONE_THREAD,
    JUMP_BITS,
    JUMP_EQUAL,
    KILL,
    LOAD,
    MAP_ANONYMOUS,
    NUMBER_OFFSET,
    PROT_EXEC,
    REFUSE,
    Instruction,
    decoder_filter,
    program_filter,
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


DECODER, PROGRAM = decoder_filter, program_filter


def run_filter(
    program: list[Instruction], number: int, arguments: tuple[int, ...] = (), audit: int | None = None
) -> int:
    """Interpret a filter like the kernel and return its verdict on a system call."""
    data = {NUMBER_OFFSET: number, ARCHITECTURE_OFFSET: program[1][3] if audit is None else audit}
    for index, value in enumerate(arguments):
        offset = ARGUMENTS_OFFSET + ARGUMENT_BYTES * index
        data |= {offset: value & 0xFFFFFFFF, offset + 4: value >> 32}
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


@pytest.fixture(params=[DECODER, PROGRAM], ids=["decoder", "program"])
def filter_of(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_calls_for_decoding_are_allowed(name: str, filter_of: Any):
    """Every listed call is allowed with any arguments."""
    architecture = ARCHITECTURES[name]
    numbers = list(architecture.allowed.values())
    if filter_of is PROGRAM:
        numbers += architecture.of_programs.values()

    assert {run_filter(filter_of(architecture), number) for number in numbers} == {ALLOW}


def test_every_other_call_is_refused_to_decoders(name: str):
    """All other numbers fail with EPERM, among them opening files, starting programs and connecting."""
    architecture = ARCHITECTURES[name]
    judged = {architecture.numbers[call] for call in ("mmap", "mprotect", "newfstatat", "fcntl")}
    listed = {*architecture.allowed.values(), *judged}

    assert listed.isdisjoint(DANGEROUS[name].values())
    assert {run_filter(decoder_filter(architecture), number) for number in set(range(1024)) - listed} == {REFUSE}
    assert REFUSE & 0xFFFF == errno.EPERM


def test_every_other_call_is_refused_to_programs(name: str):
    """A program may neither connect, fork, trace nor signal."""
    architecture = ARCHITECTURES[name]
    listed = {*architecture.allowed.values(), *architecture.of_programs.values(), *architecture.numbers.values()}
    dangerous = DANGEROUS[name].keys() - {"open", "openat", "clone", "execve"}

    assert listed.isdisjoint(DANGEROUS[name][call] for call in dangerous)
    assert {run_filter(program_filter(architecture), number) for number in set(range(1024)) - listed} == {REFUSE}


def test_executable_memory_is_refused(name: str):
    """A decoder may map and protect memory, but not as executable."""
    architecture = ARCHITECTURES[name]
    program = decoder_filter(architecture)
    for call in ("mmap", "mprotect"):
        number = architecture.numbers[call]
        assert run_filter(program, number, (0, 4096, PROT_READ_WRITE)) == ALLOW
        assert run_filter(program, number, (0, 4096, PROT_READ_WRITE | PROT_EXEC)) == REFUSE


@pytest.mark.parametrize(
    ("call", "arguments", "verdict"),
    [
        ("openat", (0, 0, os.O_RDONLY | os.O_CLOEXEC), ALLOW),
        ("openat", (0, 0, os.O_WRONLY), REFUSE),
        ("openat", (0, 0, os.O_RDWR | os.O_CREAT), REFUSE),
        ("mmap", (0, 4096, PROT_READ_WRITE, MAP_ANONYMOUS), ALLOW),
        ("mmap", (0, 4096, PROT_EXEC | 1, 2), ALLOW),
        ("mmap", (0, 4096, PROT_EXEC | 1, MAP_ANONYMOUS), REFUSE),
        ("mmap", (0, 4096, PROT_EXEC | PROT_READ_WRITE, 2), REFUSE),
        ("mprotect", (0, 4096, PROT_READ_WRITE), ALLOW),
        ("mprotect", (0, 4096, PROT_EXEC | 1), REFUSE),
        ("clone", (CLONE_THREAD | 0x100,), ALLOW),
        ("clone", (17,), REFUSE),
        ("clone3", (), ABSENT),
        ("prlimit64", (0, 3, 0), ALLOW),
        ("prlimit64", (0, 3, 0x7FFF00000000), REFUSE),
        ("prlimit64", (0, 3, 0x1000), REFUSE),
    ],
)
def test_a_program_starts_but_changes_nothing(name: str, call: str, arguments: tuple[int, ...], verdict: int):
    """A program may read files, map libraries and start threads; not write, make code, fork or raise its limits."""
    architecture = ARCHITECTURES[name]

    assert run_filter(program_filter(architecture), architecture.numbers[call], arguments) == verdict


def test_newfstatat_works_on_open_files_only(name: str):
    """The call is allowed to decoders with exactly the flag for an open descriptor, and not for paths."""
    architecture = ARCHITECTURES[name]
    program, number = decoder_filter(architecture), architecture.numbers["newfstatat"]

    assert run_filter(program, number, (3, 0, 0, AT_EMPTY_PATH)) == ALLOW
    assert run_filter(program, number, (3, 0, 0, 0)) == REFUSE


def test_calls_of_another_architecture_kill(name: str, filter_of: Any):
    """The same number means another call on another architecture, so the process is killed."""
    architecture = ARCHITECTURES[name]
    read = architecture.allowed["read"]

    assert run_filter(filter_of(architecture), read, audit=architecture.audit ^ 1) == KILL
