"""What a build costs in memory and disk, and whether there is room for it."""

from dataclasses import dataclass
from pathlib import Path

from services.domain.errors import StorageFull
from services.storage.disk import MIN_FREE_BYTES, disk_usage

# Measured with a million tracks: a peak of 1,012 MB, half of it the mapped vectors; 741 MB of files, and 512 MB for
# the vectors before they are sorted.
MEMORY_OF_PROCESS = 100_000_000
MEMORY_PER_POINT = 950
DISK_PER_POINT = 1_280

MEMORY_INFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class BuildCost:
    """The bytes that the build of an index takes at most."""

    memory: int
    disk: int

    @classmethod
    def of(cls, points: int) -> "BuildCost":
        """Return the cost for this many points."""
        return cls(MEMORY_OF_PROCESS + MEMORY_PER_POINT * points, DISK_PER_POINT * points)

    def check(self, folder: Path) -> None:
        """Check that memory and the disk of a folder suffice.

        Raises:
            StorageFull: one of them does not.
        """
        memory, (_, disk) = available_memory(), disk_usage(folder)
        if memory is not None and memory < self.memory:
            raise StorageFull(
                f"Building the index needs {_mb(self.memory)} of memory, and {_mb(memory)} are available. "
                "Stop other programs or raise the memory limit of the container; Segue then builds it by itself."
            )
        if disk < self.disk + MIN_FREE_BYTES:
            raise StorageFull(
                f"Building the index needs {_mb(self.disk + MIN_FREE_BYTES)} on the disk of {folder}, and {_mb(disk)} "
                "are free. Free some space; Segue then builds it by itself."
            )


def available_memory(info: Path = MEMORY_INFO, cgroup: Path = CGROUP) -> int | None:
    """Return the bytes that a new process can use: what the machine has, within the limit of the container.

    None where the system does not tell, as on macOS.
    """
    machine = _machine_memory(info)
    limit, used = _number(cgroup / "memory.max"), _number(cgroup / "memory.current")
    if machine is None or limit is None or used is None:
        return machine
    return min(machine, max(0, limit - used + _cached(cgroup / "memory.stat")))


def _machine_memory(info: Path) -> int | None:
    try:
        lines = info.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no limit is the word "max"
        return None


def _cached(stat: Path) -> int:
    """Return the bytes of files that the kernel gives up under pressure, which `memory.current` counts as used."""
    try:
        lines = stat.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
