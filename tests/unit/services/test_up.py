"""How long `segue up` waits for the service."""

import time
from types import SimpleNamespace

import pytest

from services.api.schemas.status import IndexBuild
from services.cli import up
from services.domain.errors import NotConfigured, Unavailable
from services.settings import load_settings

SUPERVISOR = SimpleNamespace(check_started=lambda: None)


class Starting:
    """A service that is ready after some time, and builds an index until then."""

    def __init__(self, seconds: float, build: IndexBuild | None) -> None:
        self.ready_at = time.monotonic() + seconds
        self.build = build

    def ready(self) -> SimpleNamespace:
        return SimpleNamespace(ready=time.monotonic() >= self.ready_at)

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(index=SimpleNamespace(build=self.build))


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(up, "READY_SECONDS", 0.3)
    monkeypatch.setattr(up, "BUILD_POLL_SECONDS", 0.05)


def build(problem: str | None = None) -> IndexBuild:
    return IndexBuild(collection="tracks", phase="cells", done=5, total=10, seconds_left=90, problem=problem)


def test_it_waits_as_long_as_an_index_is_built(capsys):
    """Longer than for a service that builds nothing; the build is told once, while nothing changes."""
    up.wait_until_ready(SUPERVISOR, Starting(1.0, build()))

    assert capsys.readouterr().err.count("Building the index of tracks") == 1


@pytest.mark.parametrize("found", [None, build("The disk is full.")], ids=["no build", "failed build"])
def test_it_gives_up_on_a_service_that_builds_nothing(found):
    """It names the logs, because something else is wrong."""
    with pytest.raises(Unavailable, match="See the logs"):
        up.wait_until_ready(SUPERVISOR, Starting(60.0, found))


def test_a_mistake_in_the_experiments_is_named_before_anything_starts(tmp_path):
    """The message names the key; the data directory stays as it was."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[one]\nshare = 2\nvariants.a = {}\nvariants.b = {}")
    settings = load_settings(data_dir=tmp_path / "data", experiments=str(wrong))

    with pytest.raises(NotConfigured, match=r"SEGUE_EXPERIMENTS: .*one\.share"):
        up.run(settings, None, once=True)
    assert not (tmp_path / "data").exists()
