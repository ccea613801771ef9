"""The OpenAPI document in a file, as client generators read it."""

import json

import pytest

from tests.fakes.serving import app, broker_url, library_dir, services

__all__ = ["app", "broker_url", "library_dir", "services"]


@pytest.fixture(scope="module")
def document_file(app, tmp_path_factory):
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_text(json.dumps(app.test_client().get("/openapi.json").json), encoding="utf-8")
    return file
