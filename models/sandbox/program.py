"""Start an installed program in a process that may read one file, the program and its libraries, and nothing else."""

import os
import re
import signal
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.sandbox import confinement
from models.sandbox.landlock import EXECUTE, READ_FILE, Rule

# The whole environment of a program.
ENVIRONMENT = {"LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1", "MALLOC_ARENA_MAX": "1"}
# What the loader reads, and the random numbers that libraries take when they start.
LOADER_FILES = ("/etc/ld.so.cache", "/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path", "/dev/urandom")
LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
LOADER = re.compile(r"/ld[-.][^/]*$")
LIST_SECONDS = 30.0
NOT_STARTED = 125  # exit code


@dataclass(frozen=True)
class Program:
    """A program and the files that it consists of.

    Attributes:
        path: Absolute path.
        rules: Its files and what may be done with them.
    """

    path: str
    rules: tuple[Rule, ...]

    @classmethod
    def find_files(cls, path: str) -> "Program":
        """Return a program with its libraries, which the system's loader lists; a static program has none."""
        try:
            found = subprocess.run(  # noqa: S603  the loader of the system
                ["ldd", path],  # noqa: S607
                capture_output=True,
                env=ENVIRONMENT | {"PATH": os.environ.get("PATH", os.defpath)},
                stdin=subprocess.DEVNULL,
                timeout=LIST_SECONDS,
                check=False,
            )
            libraries = LIBRARY.findall(found.stdout.decode("utf-8", "replace"))
        except (OSError, subprocess.TimeoutExpired):  # macOS has no such command, and no Landlock
            libraries = []
        loaders = [library for library in libraries if LOADER.search(library)]
        executed = [Rule(each, READ_FILE | EXECUTE) for each in (path, *loaders)]
        read = [Rule(each, READ_FILE) for each in (*libraries, *LOADER_FILES) if each not in loaders]
        return cls(path, (*executed, *read))

    def start(
        self,
        arguments: Sequence[str],
        file: int,
        outputs: Sequence[int],
        messages: int,
        limits: "ProgramLimits",
    ) -> int:
        """Start the program and return its process id.

        Args:
            arguments: Its arguments.
            file: The file that it may open again as `/proc/self/fd/N`.
            outputs: Descriptors that it may write to, by their numbers.
            messages: What it writes to its standard error goes here.
            limits: How it is confined.

        Raises:
            OSError: No process can be started.
        """
        parent = os.getpid()
        child = os.fork()
        if child:
            return child
        try:
            confinement.die_with_parent(parent)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a program would inherit that
                signal.signal(number, signal.SIG_DFL)
            os.dup2(messages, 2)
            for descriptor in (file, *outputs):
                os.set_inheritable(descriptor, True)  # noqa: FBT003  positional only
            rules = (*self.rules, Rule(file, READ_FILE))
            confinement.limit_program(rules, limits.file_bytes, limits.protections)
            os.execve(self.path, [self.path, *arguments], ENVIRONMENT)  # noqa: S606
        except OSError as error:
            os.write(2, str(error.strerror).encode())
        finally:
            os._exit(NOT_STARTED)


@dataclass(frozen=True)
class ProgramLimits:
    """How a program is confined.

    Attributes:
        file_bytes: Size up to which it may write each of its output files.
        protections: Those that this system offers.
    """

    file_bytes: int
    protections: Collection[str]
