"""Every example of the OpenAPI document works: requests succeed, and responses fit their schema."""

import pytest
from openapi_schema_validator import OAS31Validator

from services.api.openapi.document import EXAMPLES
from services.api.openapi.examples.values import (
    LISTENER,
)
from services.catalog import Catalogue
from services.settings import Settings
from tests.fakes.examples import operations_of, placeholders, request_of, write_examples
from tests.fakes.questions import answering


@pytest.fixture(scope="module")
def library_dir(tmp_path_factory):
    """A data directory with the tracks that the examples name, and others."""
    folder = tmp_path_factory.mktemp("segue")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    catalogue.migrate()
    write_examples(catalogue, folder)
    catalogue.close()
    return folder


@pytest.fixture(autouse=True, scope="module")
def _answering(broker_url):
    """A process that answers questions."""
    with answering(broker_url):
        yield


@pytest.fixture(scope="module")
def document(app):
    return app.test_client().get("/openapi.json").json


@pytest.fixture(scope="module")
def operations(document):
    """Path, method and description of each operation, by operation id."""
    return operations_of(document)


@pytest.fixture
def made(api, services, library_dir):
    with placeholders(api, services, library_dir) as values:
        yield values


def send_example(api, operation, made):
    """Send the request example of an operation."""
    sent = request_of(operation, made)
    headers = {"Authorization": f"Token {LISTENER}"} if sent["path"].startswith("/1/") else {}
    return api.open(**sent | {"headers": headers})


def test_every_operation_is_described_and_has_examples(document, operations):
    """Each has a description in whole sentences, and examples of its input and of its JSON response."""
    assert set(EXAMPLES) == set(operations)
    for name, (_, _, operation) in operations.items():
        assert operation["description"][0].isupper(), name
        assert operation["description"].endswith((".", ":")), name
        required = [each for each in operation["parameters"] if each["required"]]
        assert all("example" in each for each in required), name
        assert all("example" in each for each in operation.get("requestBody", {}).get("content", {}).values()), name
        for status, response in operation["responses"].items():
            if status.startswith("2") and "application/json" in response["content"]:
                assert "example" in response["content"]["application/json"], name


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_request_example_succeeds(api, document, operations, made, name):
    """It gets the documented success, and a JSON body fits the documented schema, as the response example does."""
    operation = operations[name][2]
    answer = send_example(api, operations[name], made)
    described = operation["responses"][str(answer.status_code)]
    if "$ref" in described:  # a problem that many operations share
        described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
    content = described["content"]

    is_refusal = not any(status.startswith("2") for status in operation["responses"])
    assert (answer.status_code >= 400) if is_refusal else (answer.status_code < 300), answer.text
    assert answer.mimetype in content or not content
    if answer.mimetype == "application/json":
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        validator = OAS31Validator(schema)
        validator.validate(answer.json)
        if not is_refusal:
            validator.validate(content["application/json"]["example"])
        envelope = answer.json.get("subsonic-response", {}) if isinstance(answer.json, dict) else {}
        assert envelope.get("status") != "failed", answer.json
