"""Runs a command that dies with the process that started it, however that one dies.

`segue up` starts its parts through this file, in isolation and without any package, so that it costs milliseconds.
On Linux the kernel ends the command; macOS has no such call, and there a killed `segue up` leaves its parts running.
"""

import ctypes
import os
import signal
import sys

# From <sys/prctl.h>. The setting survives exec.
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Take `PARENT_PID COMMAND …` from the command line and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel was told
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main()
