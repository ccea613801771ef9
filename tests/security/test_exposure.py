"""Without keys the service is for its own machine only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.api.security.exposure import refuse_exposure, refuse_exposure_at_start
from services.catalog import Catalogue
from services.domain.access import Scope
from services.domain.errors import NotConfigured
from services.settings import Settings
from tests.fakes.serving import ROOT, free_port

EVERYWHERE = "0.0.0.0"  # noqa: S104  a setting, nothing binds
TRACK = "/v1/tracks/test:1"


@pytest.fixture
def here(client_with):
    """A client of an application that asks for a key only where it must."""
    return client_with(require_keys=None)


def status(client, address, **headers):
    return client.get(TRACK, environ_base={"REMOTE_ADDR": address}, headers=headers).status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", ""])
def test_the_machine_itself_needs_no_key(here, address):
    """Loopback, in every spelling, and unix sockets."""
    assert status(here, address) == 200


@pytest.mark.parametrize("address", ["192.168.1.7", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "8.8.8.8", "no address"])
def test_anybody_else_does_whatever_the_settings_say(here, address):
    """gunicorn may have been told to listen elsewhere than the settings say: who is not here needs a key."""
    assert status(here, address) == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_what_a_proxy_passes_on_needs_a_key(here, client_with, header):
    """A proxy's request comes from loopback but not from this machine; SEGUE_REQUIRE_KEYS=false spares it the key."""
    assert status(here, "127.0.0.1", **{header: "127.0.0.1"}) == 401
    assert status(client_with(require_keys=False), "127.0.0.1", **{header: "1.2.3.4"}) == 200


@pytest.mark.parametrize("require_keys", [True, False, None])
def test_beyond_loopback_nothing_spares_the_key(client_with, require_keys):
    """No setting opens a service that others can reach."""
    client = client_with(host=EVERYWHERE, require_keys=require_keys)

    assert status(client, "127.0.0.1") == 401


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True),
        (EVERYWHERE, False), ("::", False), ("192.168.1.2", False), ("nas.home", False), ("", False),
    ],
)  # fmt: skip
def test_loopback_is_known(host, is_loopback):
    """Only addresses of the machine itself are; a name may mean anything."""
    assert Settings(host=host).listens_to_loopback_only is is_loopback


def test_a_revoked_or_internal_key_does_not_count(tmp_path):
    """There must be a key that a person can use."""
    settings = Settings(data_dir=tmp_path, host=EVERYWHERE)
    catalogue = Catalogue.open(settings.catalogue_url)
    catalogue.migrate()
    catalogue.keys.revoke(catalogue.keys.create("gone", [Scope.ADMIN]).id)
    catalogue.keys.create("segue up", [Scope.ADMIN], internal=True)
    with pytest.raises(NotConfigured, match="segue keys create"):
        refuse_exposure(settings, catalogue)
    catalogue.keys.create("mine", [Scope.READ])
    catalogue.close()

    refuse_exposure_at_start(settings)


def environment(folder: Path, broker_url: str, **more: str) -> dict[str, str]:
    own = {"SEGUE_DATA_DIR": str(folder), "SEGUE_REDIS_URL": broker_url, "SEGUE_PORT": str(free_port())}
    return {**os.environ, "PYTHONPATH": str(ROOT), **own, **more}


GUNICORN = [sys.executable, "-m", "gunicorn", "services.api.app:create_app()"]
COMMANDS = {
    "segue up": [sys.executable, "-m", "services.cli.main", "up", "--host", EVERYWHERE, "--once"],
    "the image": [*GUNICORN, "--config", str(ROOT / "deploy/gunicorn_conf.py")],
    "gunicorn alone": [*GUNICORN, "--bind", "127.0.0.1:0"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_it_does_not_start_open(tmp_path, broker_url, name):
    """However it is started, it ends at once and says what to do."""
    done = subprocess.run(
        COMMANDS[name],
        env=environment(tmp_path, broker_url, SEGUE_HOST=EVERYWHERE),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode != 0
    assert "segue keys create" in done.stderr + done.stdout
    if name != "gunicorn alone":  # which names the error with its trace
        assert "Traceback" not in done.stderr


def test_a_first_key_opens_it(tmp_path, broker_url):
    """`segue keys create` needs no running service; with the key that it prints `segue up` starts everywhere."""
    variables = environment(tmp_path, broker_url)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.cli.main", *arguments]
        return subprocess.run(
            command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )

    made = run("keys", "create", "first", "--scope", "admin")
    up = run("up", "--host", EVERYWHERE, "--once")
    listed = run("keys", "list", "--json")

    assert made.stdout.startswith("segue_")
    assert made.stdout.strip() not in made.stderr + listed.stdout
    assert up.returncode == 0, up.stderr
    assert listed.stdout.count('"id"') == 1
