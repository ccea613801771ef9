"""Landlock: deny a process all files but some. Source: landlock(7)."""

import ctypes
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass

# System call numbers (equal on every architecture), and rights by the ABI version that introduced them. A right that a
# ruleset handles and no rule grants is denied.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1
FILE_RIGHTS = {1: 0x1FFF, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
EXECUTE, READ_FILE = 1 << 0, 1 << 2
NETWORK_VERSION, NETWORK_RIGHTS = 4, 0b11  # bind and connect TCP
SCOPE_VERSION, SCOPES = 6, 0b11  # abstract Unix sockets, signals


@dataclass(frozen=True)
class Rule:
    """A file, or a folder with everything below it, and what may be done with it: `READ_FILE`, `EXECUTE`.

    Attributes:
        target: A path, or an open descriptor.
        rights: Rights of Landlock.
    """

    target: str | int
    rights: int


def landlock_version() -> int:
    """Return the Landlock ABI version of this kernel; 0 without Landlock (Linux < 5.13)."""
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (None, ctypes.c_size_t(0), LANDLOCK_CREATE_RULESET_VERSION)
    return max(0, int(libc.syscall(LANDLOCK_CREATE_RULESET, *arguments)))


def deny_files(rules: Iterable[Rule] = ()) -> None:
    """Deny this process and its children all files that are not open yet, TCP, and signals to other processes.

    TCP needs Landlock 4 (Linux 6.7) and signals Landlock 6 (Linux 6.12). The process must have no_new_privs set.

    Args:
        rules: What stays allowed; rules for paths that do not exist are left out.

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
        raise last_error()
    try:
        for rule in rules:
            _allow(libc, descriptor, rule)
        if libc.syscall(LANDLOCK_RESTRICT_SELF, descriptor, 0) != 0:
            raise last_error()
    finally:
        os.close(descriptor)


def _allow(libc: ctypes.CDLL, ruleset: int, rule: Rule) -> None:
    if isinstance(rule.target, int):
        target, own = rule.target, False
    else:
        try:
            target, own = os.open(rule.target, os.O_PATH | os.O_CLOEXEC), True
        except OSError:
            return
    try:
        attributes = struct.pack("=Qi", rule.rights, target)
        if libc.syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, attributes, 0) != 0:
            raise last_error()
    finally:
        if own:
            os.close(target)


def last_error() -> OSError:
    """Return the error of the last call through ctypes in this thread."""
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
