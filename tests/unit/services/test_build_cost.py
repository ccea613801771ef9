"""What a build costs, and the memory that a machine or a container has for it."""

import pytest

from services.domain.errors import StorageFull
from services.index import build_cost
from services.index.build_cost import BuildCost, available_memory

GIB = 1 << 30


@pytest.fixture
def info(tmp_path):
    """A machine with 4 GiB available, as Linux tells it."""
    file = tmp_path / "meminfo"
    file.write_text(f"MemTotal: 16000000 kB\nMemAvailable:   {4 * GIB // 1024} kB\nSwapTotal: 0 kB\n")
    return file


def limited(folder, limit, used, cached=0):
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\n")
    return folder


def test_memory_of_a_machine_without_limit(info, tmp_path):
    """A group without a limit has the word "max"."""
    assert available_memory(info, tmp_path) == 4 * GIB
    assert available_memory(info, limited(tmp_path, "max", GIB)) == 4 * GIB


def test_memory_within_the_limit_of_a_container(info, tmp_path):
    """Cached files do not count as used; a limit above what the machine has does not help."""
    assert available_memory(info, limited(tmp_path, 2 * GIB, GIB)) == GIB
    assert available_memory(info, limited(tmp_path, 2 * GIB, GIB, cached=GIB // 2)) == GIB * 3 // 2
    assert available_memory(info, limited(tmp_path, 64 * GIB, GIB)) == 4 * GIB
    assert available_memory(info, limited(tmp_path, GIB, 2 * GIB)) == 0


def test_memory_where_the_system_does_not_tell(tmp_path):
    """A build is not refused for a reason that nobody knows."""
    assert available_memory(tmp_path / "missing", tmp_path) is None


@pytest.mark.parametrize(("kind", "says"), [("MEMORY_PER_POINT", "of memory"), ("DISK_PER_POINT", "on the disk of")])
def test_a_build_without_room_is_refused(tmp_path, monkeypatch, kind, says):
    """The message has what is needed and what there is."""
    BuildCost.of(10).check(tmp_path)
    monkeypatch.setattr(build_cost, kind, 10**15)

    with pytest.raises(StorageFull, match=f"needs 10,000,000,.* MB {says}"):
        BuildCost.of(10).check(tmp_path)
