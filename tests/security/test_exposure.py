"""Without keys the service accepts requests from its own machine only."""

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
    """A client of an application that requires keys only if it must."""
    return client_with(require_keys=None)


def status(client, address, **headers):
    return client.get(TRACK, environ_base={"REMOTE_ADDR": address}, headers=headers).status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", ""])
def test_requests_from_this_machine_need_no_key(here, address):
    """From loopback addresses, in every notation, and Unix sockets."""
    assert status(here, address) == 200


@pytest.mark.parametrize("address", ["192.168.1.7", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "8.8.8.8", "no address"])
def test_requests_from_other_machines_need_a_key(here, address):
    """Also if gunicorn listens on another address than the settings name."""
    assert status(here, address) == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_proxied_requests_need_a_key(here, client_with, header):
    """They come from loopback but not from this machine. SEGUE_REQUIRE_KEYS=false exempts them."""
    assert status(here, "127.0.0.1", **{header: "127.0.0.1"}) == 401
    assert status(client_with(require_keys=False), "127.0.0.1", **{header: "1.2.3.4"}) == 200


@pytest.mark.parametrize("require_keys", [True, False, None])
def test_beyond_loopback_keys_cannot_be_disabled(client_with, require_keys):
    """No setting disables keys of a service that other machines can reach."""
    client = client_with(host=EVERYWHERE, require_keys=require_keys)

    assert status(client, "127.0.0.1") == 401


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True),
        (EVERYWHERE, False), ("::", False), ("192.168.1.2", False), ("nas.home", False),
    ],
)  # fmt: skip
def test_loopback_addresses_are_recognised(host, is_loopback):
    """Host names are not, because they may resolve to any address."""
    assert Settings(host=host).listens_to_loopback_only is is_loopback


def test_a_revoked_or_internal_key_does_not_count(tmp_path):
    """The service needs a key that a person can use."""
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
def test_it_does_not_start_without_a_key(tmp_path, broker_url, name):
    """Each way to start it fails at once, with a message that says what to do."""
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
    if name != "gunicorn alone":  # which prints the error with its traceback
        assert "Traceback" not in done.stderr


def test_it_starts_once_there_is_a_key(tmp_path, broker_url):
    """`segue keys create` needs no running service; with the key, `segue up` starts."""
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
