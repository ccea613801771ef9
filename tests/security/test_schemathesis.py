"""Schemathesis against a real API process: whatever is sent, no 5xx, and every answer is what the document says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.catalog import Catalogue
from services.domain.access import Scope
from services.settings import Settings
from tests.fakes.questions import answering
from tests.fakes.serving import api_process, free_port

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
SEED = "20261126"
FEWEST_CASES = 2000
FEWEST_SELECTED = 80
TIMEOUT_SECONDS = 1200


@pytest.fixture(scope="module")
def key(library_dir):
    catalogue = Catalogue.open(Settings(data_dir=library_dir).catalogue_url)
    yield catalogue.keys.create("schemathesis", [Scope.ADMIN]).text
    catalogue.close()


@pytest.fixture(scope="module")
def url(key, library_dir, broker_url):
    """Where a real API process wants a key and counts no requests."""
    port = free_port()
    limits = ("RATE_LIMIT", "EXPENSIVE_RATE_LIMIT", "REFUSAL_RATE_LIMIT")
    settings = {"SEGUE_REQUIRE_KEYS": "true", **{f"SEGUE_{name}": "0" for name in limits}}
    with answering(broker_url), api_process(library_dir, broker_url, port, **settings):
        yield f"http://127.0.0.1:{port}"


def run(url, folder, *options):
    """All checks on every operation; answers how many cases there were."""
    command = [Path(sys.executable).with_name("st"), "--config-file", CONFIGURATION, "--no-color"]
    timeout = ["--wait-for-schema=60", "--request-timeout=60"]  # of a busy machine
    arguments = ["run", f"{url}/openapi.json", "--checks=all", f"--seed={SEED}", "--continue-on-failure", *timeout]
    done = subprocess.run(
        [*command, *arguments, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"(\d+) generated", done.stdout)[1])


@pytest.mark.parametrize("with_key", [True, False])
def test_a_selection_conforms(url, key, tmp_path, with_key):
    """A few requests to each operation, with and without a key."""
    headers = ["-H", f"Authorization: Bearer {key}"] if with_key else []

    assert run(url, tmp_path, "--phases=fuzzing", "--max-examples=8", *headers) > FEWEST_SELECTED


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT_SECONDS)
@pytest.mark.parametrize("with_key", [True, False])
def test_everything_conforms(url, key, tmp_path, with_key):
    """Thousands of requests in every phase, sequences of them included, with and without a key."""
    headers = ["-H", f"Authorization: Bearer {key}"] if with_key else []

    assert run(url, tmp_path, "--max-examples=40", *headers) >= FEWEST_CASES
