"""`segue doctor`, as a user runs it."""

import json
import os
import subprocess
import sys

import pytest

from tests.fakes.qdrant_nodes import cluster
from tests.fakes.serving import ROOT


@pytest.fixture
def doctor(tmp_path):
    def run(code, **variables):
        environment = {**os.environ, "SEGUE_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200", **variables}
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
