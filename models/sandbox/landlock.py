"""No file by name, no TCP, no signal to a stranger: what Landlock takes from a process (Linux ≥ 5.13).

Files that are open already stay readable; that is how a decoder gets its one file. Source: the kernel's
userspace-api/landlock.
"""

import ctypes
import os
import struct

CREATE_RULESET, RESTRICT_SELF = 444, 446  # the same number on every architecture
GET_VERSION = 1

# The first version with it → a right that is taken away: what is handled and granted nowhere is forbidden.
FILE_RIGHTS = {1: 0x1FFF, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
NETWORK_VERSION, NETWORK_RIGHTS = 4, 0b11  # bind and connect TCP
SCOPE_VERSION, SCOPES = 6, 0b11  # abstract Unix sockets, signals


def version() -> int:
    """The version that this kernel offers; 0 without Landlock."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), GET_VERSION)))


def forbid_files() -> None:
    """Give up every file by name, for this process and those that it starts. It must have no_new_privs set.

    Raises:
        OSError: The kernel does not take the rules.
    """
    offered = version()
    rights = sum(right for since, right in FILE_RIGHTS.items() if since <= offered)
    rules = struct.pack("=Q", rights)
    if offered >= NETWORK_VERSION:
        rules += struct.pack("=Q", NETWORK_RIGHTS)
    if offered >= SCOPE_VERSION:
        rules += struct.pack("=Q", SCOPES)
    libc = ctypes.CDLL(None, use_errno=True)
    ruleset = libc.syscall(CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    try:
        if libc.syscall(RESTRICT_SELF, ruleset, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(ruleset)
