"""A real service, and its OpenAPI document in a file, as client generators read it."""

import httpx
import pytest

from tests.fakes.serving import api_process, broker_url, free_port, library_dir

__all__ = ["broker_url", "library_dir"]


@pytest.fixture(scope="module")
def url(library_dir, broker_url):
    port = free_port()
    with api_process(library_dir, broker_url, port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def document_file(url, tmp_path_factory):
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_bytes(httpx.get(f"{url}/openapi.json", trust_env=False).content)
    return file
