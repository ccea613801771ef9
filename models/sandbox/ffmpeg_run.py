"""One confined run of ffmpeg, started and ended by the server."""

import os
import signal
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from models.audio import ffmpeg
from models.audio.ffmpeg import Output, Task
from models.sandbox.messages import End, Report, length_message, video_message, windows_message
from models.sandbox.program import Program, ProgramLimits
from models.video import decode as video
from models.video.decode import VideoTask

DESCRIPTORS = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"  # noqa: PTH112

AnyTask = Task | VideoTask


@dataclass
class FfmpegRun:
    """A run of ffmpeg: its process, its task and its output.

    Attributes:
        process: Process id.
        task: What it does.
        output: What it writes.
    """

    process: int
    task: AnyTask
    output: Output

    @classmethod
    def start(cls, program: Program | None, task: AnyTask, file: int, protections: Collection[str]) -> "FfmpegRun":
        """Start ffmpeg on an open file.

        Raises:
            OSError: ffmpeg was removed, or no process can be started.
        """
        if program is None:
            raise FileNotFoundError
        windows = [_memory() for _ in range(task.output_count)]
        messages = _memory()
        packets, written = os.pipe()
        try:
            arguments = task.arguments(f"{DESCRIPTORS}/{file}", windows, written)
            limits = ProgramLimits(task.output_bytes, protections)
            process = program.start(arguments, file, (*windows, written), messages, limits)
        except OSError:
            for descriptor in (*windows, messages, packets):
                os.close(descriptor)
            raise
        finally:
            os.close(written)
        return cls(process, task, Output(windows, packets, messages))

    def message(self) -> Iterator[bytes | memoryview]:
        """Wait for the end of ffmpeg, and return the message about what it wrote; the decoder calls it.

        Raises:
            AnalysisError: The file cannot be decoded; the message is the reason.
        """
        if isinstance(self.task, VideoTask):
            return video_message(video.read_output(self.output))
        found = ffmpeg.read_output(self.task, self.output)
        return length_message(found) if isinstance(found, float) else windows_message(found)

    def end(self, report: Report) -> Report:
        """End ffmpeg, and add it to the report on its decoder."""
        ended, status, usage = os.wait4(self.process, os.WNOHANG)
        if not ended:
            os.kill(self.process, signal.SIGKILL)
            _, _, usage = os.wait4(self.process, 0)
            status = 0  # it had not ended by itself
        own = Report.of_ended(status, usage)
        self.process = 0
        merged = replace(
            report,
            peak_bytes=max(report.peak_bytes, own.peak_bytes),
            cpu_seconds=report.cpu_seconds + own.cpu_seconds,
        )
        if own.end == End.KILLED and report.end == End.EXITED:
            return replace(merged, end=own.end, code=own.code)
        return merged

    def close(self) -> None:
        """Close all descriptors, and end ffmpeg if it runs."""
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        for descriptor in (*self.output.windows, self.output.messages, self.output.packets):
            os.close(descriptor)


def _memory() -> int:
    """Return an open, empty file without a name; in memory on Linux."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("ffmpeg")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
