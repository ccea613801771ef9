"""`segue doctor`, as a user runs it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from models.text.tower import WEIGHTS_DIRECTORY
from services.cli import machine_checks, server_checks
from services.cli.up import run
from services.domain.errors import NotConfigured
from services.settings import Settings
from tests.fakes.qdrant_nodes import cluster
from tests.fakes.serving import ROOT, free_port


@pytest.fixture
def doctor(tmp_path):
    def run(code, **variables):
        environment = {
            **os.environ,
            "SEGUE_DATA_DIR": str(tmp_path / "data"),
            "COLUMNS": "200",
            "SEGUE_PORT": str(free_port()),
        }
        environment |= variables
        command = [sys.executable, "-m", "services.cli.main", "doctor", "--json"]
        ran = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        return json.loads(ran.stdout)["problems"]

    return run


def test_a_new_installation_has_no_problem(doctor):
    """Before the first start there is nothing to complain about."""
    assert not any(doctor(0).values())


def test_settings_without_effect_and_missing_workers_are_problems(doctor, broker_url):
    """A setting of the Qdrant server needs its URL, and a broker needs workers."""
    found = doctor(1, SEGUE_QDRANT_SHARDS="6", SEGUE_REDIS_URL=broker_url)

    assert found["index"] == ["SEGUE_QDRANT_SHARDS has no effect without SEGUE_QDRANT_URL"]
    assert any("`analyse`" in problem for problem in found["broker and workers"])
    assert any("scheduler" in problem for problem in found["broker and workers"])


def test_a_library_folder_that_is_gone_is_a_problem(doctor, tmp_path):
    (tmp_path / "here").mkdir()
    folders = os.pathsep.join(str(tmp_path / name) for name in ("here", "gone"))
    [problem] = doctor(1, SEGUE_LIBRARY_ROOTS=folders)["library folders"]

    assert problem == f"{tmp_path / 'gone'} is gone; mount it, or correct SEGUE_LIBRARY_ROOTS"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are stopped with SIGSTOP")
def test_a_collection_that_differs_and_a_node_that_is_down_are_problems(doctor, tmp_path):
    """The first call creates the collections for three nodes; later settings differ from them."""
    with cluster(tmp_path) as nodes:
        urls = ",".join(nodes.urls)
        assert doctor(0, SEGUE_QDRANT_URL=urls)["index"] == []

        differing = doctor(1, SEGUE_QDRANT_URL=urls, SEGUE_QDRANT_REPLICATION="3", SEGUE_QDRANT_QUANTISATION="int8")
        assert "tracks: replication: 2 instead of 3; `segue reindex` applies the settings" in differing["index"]
        assert any("quantisation: none instead of int8" in problem for problem in differing["index"])

        nodes.stop(2)
        [down] = doctor(1, SEGUE_QDRANT_URL=urls)["index"]
        assert down.startswith(f"node {nodes.urls[1].removeprefix('http://')}")


def test_a_broker_that_deletes_messages_is_a_problem(doctor, broker_url):
    """Under memory pressure such a broker drops tasks that wait."""
    with Redis.from_url(broker_url) as broker:
        before = broker.config_get("maxmemory-policy", "appendonly")
        broker.config_set("maxmemory-policy", "allkeys-lru", "appendonly", "no")
        try:
            found = doctor(1, SEGUE_REDIS_URL=broker_url)["broker"]
        finally:
            broker.config_set(*(each for pair in before.items() for each in pair))

    assert found[0] == "maxmemory-policy is allkeys-lru, which deletes waiting tasks; set it to noeviction"
    assert found[1].endswith("set appendonly to yes")


def test_a_changed_collation_is_a_problem(postgres_url):
    """After an update of the system, text may be sorted otherwise than in the indexes."""
    settings = Settings(database_url=postgres_url)
    [superuser] = server_checks.database(settings)
    assert superuser.startswith("Segue's role is a superuser")

    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    change = text("UPDATE pg_database SET datcollversion = :version WHERE datname = current_database()")
    with engine.connect() as connection:
        before = connection.scalar(text("SELECT datcollversion FROM pg_database WHERE datname = current_database()"))
        connection.execute(change, {"version": "0"})
        try:
            found = list(server_checks.database(settings))
        finally:
            connection.execute(change, {"version": before})
    engine.dispose()

    assert found[0] == superuser
    assert found[1].startswith("its collation has another version than the indexes were built with")


def test_a_name_without_an_address_is_a_problem(doctor):
    """The names of all servers in the settings are looked up."""
    found = doctor(1, SEGUE_TRACES_URL="http://nowhere.invalid:4318/v1/traces")

    assert found["names"][0].startswith("'nowhere.invalid' has no address")


def test_a_port_of_another_program_is_a_problem(doctor):
    """The API could not start there."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        found = doctor(1, SEGUE_PORT=str(number))

    assert found["port"] == [f"another program uses port {number}; stop it, or set SEGUE_PORT"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_cannot_be_read_is_a_problem():
    """The message names the folder, the user and what to do."""
    with tempfile.TemporaryDirectory(prefix="segue-doctor-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "closed").mkdir(mode=0o700)
        settings = Settings(library_roots=(name,))
        assert list(machine_checks.folders(settings)) == []
        os.seteuid(54321)
        try:
            found = list(machine_checks.folders(settings))
        finally:
            os.seteuid(0)

    assert found[0].startswith(f"user 54321 cannot read {name}/closed; allow it with `chmod o+rX`")


def test_damaged_weights_are_a_problem(tmp_path, monkeypatch):
    """The digest of each file of weights is compared with its card."""
    copy = shutil.copytree(WEIGHTS_DIRECTORY, tmp_path / "weights")
    monkeypatch.setattr(machine_checks, "WEIGHTS_DIRECTORY", copy)
    assert list(machine_checks.model_files(Settings())) == []

    file = next(copy.glob("vibe-*.safetensors"))
    file.write_bytes(file.read_bytes()[:-1])
    assert "vibe-" in next(machine_checks.model_files(Settings()))


@pytest.mark.parametrize("given", ["unheard", "/nowhere/vibe-2099.01.safetensors"])
def test_a_next_model_that_is_not_there_is_a_problem(tmp_path, monkeypatch, given):
    """Workers could not start with it, so `segue up` does not."""
    monkeypatch.setenv("SEGUE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SEGUE_NEXT_MODEL", given)
    assert given in next(machine_checks.model_files(Settings()))
    with pytest.raises(NotConfigured, match=given):
        run(Settings(), None, once=True)

    monkeypatch.setenv("SEGUE_NEXT_MODEL", str(next(WEIGHTS_DIRECTORY.glob("vibe-*.safetensors"))))
    assert list(machine_checks.model_files(Settings())) == []
