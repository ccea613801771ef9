"""Become ffmpeg, confined, to convert one open file: its output goes to the standard output.

`models.ffmpeg.Ffmpeg.confined` returns the command. ffmpeg may read that file and its own libraries, and nothing else;
it has no network (`models.sandbox.confinement`). It ends when its parent does, or closes the pipe.
"""

import os
import signal
import sys

from models.sandbox import confinement
from models.sandbox.landlock import READ_FILE, Rule
from models.sandbox.program import ENVIRONMENT, Program

CPU_SECONDS = 3600
"""Enough for a recording of a day: ffmpeg encodes a minute of music in about a second."""


def main() -> None:
    """Replace this process by ffmpeg.

    The command line arguments are the path of ffmpeg, the process id of the parent, the descriptor of the file and
    ffmpeg's arguments.

    Raises:
        OSError: ffmpeg was removed, or the system refuses a limit.
    """
    path, parent, file, *arguments = sys.argv[1:]
    program = Program.find_files(path)
    protections, _ = confinement.confine_server(int(parent), starts_programs=True)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a program would inherit that
        signal.signal(number, signal.SIG_DFL)
    confinement.limit_program((*program.rules, Rule(int(file), READ_FILE)), 0, protections, CPU_SECONDS)
    os.execve(path, [path, *arguments], ENVIRONMENT)  # noqa: S606  the program that the user installed
