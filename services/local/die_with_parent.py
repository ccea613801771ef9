"""Run a command that the kernel kills when its parent process ends.

`segue up` starts its processes with this file. The file imports no packages, so it costs milliseconds. macOS has no
such system call: there, a `segue up` that is killed leaves its processes running.
"""

import ctypes
import os
import signal
import sys

# From <sys/prctl.h>. It survives exec.
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replace this process with a command; the arguments are `PARENT_PID COMMAND…`."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before the call
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  a shell is not needed


if __name__ == "__main__":
    main()
