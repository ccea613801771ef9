"""The OpenAPI document says what the API does, and the API does what it says."""

import io
import re
import subprocess
import sys
from urllib.parse import unquote

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from models.descriptors.describe import Descriptors
from services.api.schemas.tracks import DESCRIPTORS, TrackAttributes, TrackDescriptors
from services.domain.filters import ATTRIBUTES, RANGE_FIELDS
from services.domain.measures import MEASURES
from services.recommend.penalties import SCALES

SHAPES = {"properties", "patternProperties", "additionalProperties"}
PAGES = {
    "/",
    "/favicon.ico",
    "/web/<path:name>",
    "/docs",
    "/docs/assets/<name>",
    "/openapi.json",
    "/rest/<path:method>",
}


@pytest.fixture
def document(api):
    return api.get("/openapi.json").json


def template(rule):
    """A Flask route as OpenAPI writes it."""
    return re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule)


def check(document, schema, value):
    """Raise if a value does not fit a schema of the document."""
    OAS31Validator({**schema, "components": document["components"]}).validate(value)


def test_the_document_is_valid(document):
    """The document is OpenAPI 3.1."""
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_is_documented(app, document):
    """Each route that is no page has an operation with an id, a summary, a tag and documented parameters."""
    routes = {
        (template(rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule not in PAGES
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    operations = {
        (path, method): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }

    assert set(operations) == routes
    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)
    tags = {tag["name"] for tag in document["tags"]}
    for operation in operations.values():
        assert operation["summary"]
        assert set(operation["tags"]) <= tags
        assert operation["tags"]
        assert all(parameter["description"] for parameter in operation["parameters"])


def test_every_field_of_a_request_is_described(document):
    """Fields that a client sends say what they mean, units included."""
    schemas = document["components"]["schemas"]
    undescribed = [
        f"{name}.{field}"
        for name in (
            "RecommendationRequest",
            "WeightedTextIn",
            "Targets",
            "RadioRequest",
            "NextRequest",
            "StartRequest",
            "ListenEvent",
            "Filters",
            "ScanRequest",
            "KeyRequest",
            "Pause",
            "RetryRequest",
            "UploadForm",
            "ClipForm",
            "PictureForm",
            "ListenIn",
            "ExternalIds",
            "PlaylistRequest",
            "PlaylistRules",
            "PlaylistUpdate",
            "PlaylistTracks",
            "ChangedItem",
            "ExtendRequest",
            "PlaylistForm",
        )
        for field, schema in schemas[name]["properties"].items()
        if not schema.get("description")
    ]

    assert undescribed == []


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("get /v1/tracks?limit=0", 422, {}),
        ("get /v1/tracks?cursor=x", 422, {}),
        ("get /v1/tracks/nobody", 404, {}),
        ("get /v1/tracks/nobody/similar", 404, {}),
        ("get /v1/tracks/test:1/similar?x=1", 422, {}),
        ("get /v1/tracks/nobody/audio", 404, {}),
        ("get /v1/audio-features/nobody", 404, {}),
        ("get /v1/jobs/none", 404, {}),
        ("get /v1/jobs?offset=-1", 422, {}),
        ("post /v1/keys", 422, {"json": {"name": "x", "scopes": ["admin"], "users": ["ada"]}}),
        ("delete /v1/keys/none", 404, {}),
        ("get /v1/failures?limit=0", 422, {}),
        ("post /v1/failures/retry", 422, {"json": {}}),
        ("post /v1/failures/retry", 422, {"json": {"all": True, "ids": ["track:1"]}}),
        ("put /v1/analysis", 422, {"json": {}}),
        ("post /v1/recommendations", 400, {"data": "{", "content_type": "application/json"}),
        ("post /v1/recommendations", 415, {"data": "x"}),
        ("post /v1/recommendations", 413, {"data": b" " * 13_000_000, "content_type": "application/json"}),
        ("post /v1/recommendations", 422, {"json": {"pictures": [{"content": "SGVsbG8="}]}}),
        ("post /v1/recommendations", 422, {"json": {}}),
        ("get /v1/path?from=test:1&to=nobody", 404, {}),
        ("get /v1/path?from=test:1", 422, {}),
        ("post /v1/radio", 422, {"json": {"seeds": {"artists": ["Nobody"]}}}),
        ("post /v1/radio/none/next", 404, {"json": {}}),
        ("post /v1/radio/none/next", 422, {"json": {"limit": 0}}),
        ("get /v1/radio/none", 404, {}),
        ("delete /v1/radio/none", 404, {}),
        ("put /v1/tracks/nobody/ids", 404, {"json": {"ids": {"a": "b"}}}),
        ("put /v1/tracks/test:1/ids", 422, {"json": {"ids": {"A": "b"}}}),
        ("post /v1/users/ada/listens", 422, {"json": {"listens": []}}),
        ("post /v1/users/ada/listens", 413, {"data": b" " * 3_000_000, "content_type": "application/json"}),
        ("get /v1/users/ada/listens?cursor=x", 422, {}),
        ("get /v1/users/ada/recommendations?limit=0", 422, {}),
        ("get /v1/users/ada/taste?half_life_days=0", 422, {}),
        ("delete /v1/users/ada/listens/1", 404, {}),
        ("delete /v1/users/a%7Fb", 422, {}),
        ("post /v1/scans", 422, {"json": {"path": "relative"}}),
        ("post /v1/tracks", 415, {"json": {}}),
        ("post /v1/tracks", 422, {"data": {"x": "y"}, "content_type": "multipart/form-data"}),
        ("post /v1/tracks", 415, {"data": {"file": (io.BytesIO(b"x"), "a.mp3")}}),
        ("post /v1/search/audio", 415, {"json": {}}),
        ("post /v1/search/audio", 422, {"data": {"x": "y"}, "content_type": "multipart/form-data"}),
        ("post /v1/search/audio", 415, {"data": {"file": (io.BytesIO(b"x"), "a.mp3")}}),
        ("post /v1/search/audio", 503, {"data": {"file": (io.BytesIO(b"RIFF\0\0\0\0WAVE"), "a.wav")}}),
        ("post /v1/search/image", 415, {"data": {"file": (io.BytesIO(b"x"), "a.jpg")}}),
        ("post /v1/search/video", 415, {"data": {"file": (io.BytesIO(b"x"), "a.mp4")}}),
        ("get /healthz", 403, {"headers": {"Host": "evil.example"}}),
        ("post /v1/scans", 403, {"json": {"path": "/"}, "headers": {"Origin": "http://evil.example"}}),
    ],
)
def test_bad_requests_are_documented_problems(api, document, asked, status, body):
    """Each error is problem+json, its status is documented for its operation, and its body fits the schema."""
    method, path = asked.split()
    answer = getattr(api, method)(path, **body)
    routes = api.application.url_map.bind("localhost")
    rule = routes.match(path.partition("?")[0], method.upper(), return_rule=True)[0].rule
    operation = document["paths"][template(rule)][method]

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert str(status) in operation["responses"]
    check(document, document["components"]["schemas"]["Problem"], answer.json)
    assert answer.json["status"] == status
    assert answer.json["instance"] == unquote(path.partition("?")[0])


@pytest.mark.parametrize(
    ("path", "status", "headers"),
    [
        ("/1/submit-listens", 400, {"Authorization": "Token ada"}),
        ("/1/submit-listens", 401, {}),
        ("/1/submit-listens", 403, {"Host": "evil.example"}),
        ("/1/delete-listen", 401, {}),
        ("/1/feedback/recording-feedback", 400, {"Authorization": "Token ada"}),
        ("/1/latest-import", 401, {}),
    ],
)
def test_scrobblers_are_answered_errors_in_their_own_shape(api, document, path, status, headers):
    """Each is documented for its operation, and its body fits the schema."""
    answer = api.post(path, json={}, headers=headers)
    documented = document["paths"][path]["post"]["responses"][str(status)]

    assert answer.status_code == status
    check(document, documented["content"]["application/json"]["schema"], answer.json)


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
        ("/v1/status", "/v1/status"),
        ("/v1/tracks", "/v1/tracks"),
        ("/v1/tracks/test:1", "/v1/tracks/{track_id}"),
        ("/v1/tracks/test:1/similar", "/v1/tracks/{track_id}/similar"),
        ("/v1/audio-features/test:1", "/v1/audio-features/{track_id}"),
        ("/v1/path?from=test:1&to=test:2", "/v1/path"),
        ("/v1/users/ada/listens", "/v1/users/{user}/listens"),
        ("/v1/users/ada/taste", "/v1/users/{user}/taste"),
        ("/v1/users/ada/recommendations", "/v1/users/{user}/recommendations"),
        ("/1/user/ada/listens", "/1/user/{user}/listens"),
    ],
)
def test_answers_fit_their_schema(api, document, path, template):
    """What is answered is what is documented."""
    answer = api.get(path)
    documented = document["paths"][template]["get"]["responses"]["200"]

    assert answer.status_code == 200
    check(document, documented["content"]["application/json"]["schema"], answer.json)


def test_a_radio_answers_as_documented(api, document):
    """Each answer of a session fits the schema of its operation."""

    def fits(answer, path, method, status):
        content = document["paths"][path][method]["responses"][status]["content"]
        check(document, content["application/json"]["schema"], answer.json)

    started = api.post("/v1/radio", json={"seeds": {"tracks": ["test:1"]}})
    place = started.headers["Location"]
    fits(started, "/v1/radio", "post", "201")
    fits(
        api.post(f"{place}/next", json={"events": [{"track_id": "test:5"}]}),
        "/v1/radio/{session_id}/next",
        "post",
        "200",
    )
    fits(api.get(place), "/v1/radio/{session_id}", "get", "200")
    assert api.delete(place).data == b""


def test_only_maps_have_additional_properties(document):
    """Every other object of a schema lists its fields, so that generated clients have them."""
    maps = {
        ("AudioFeatures", "properties", "tags"),
        ("ListenCounts", "properties", "events"),
        ("NotReady", "properties", "parts"),
        ("ExperimentVariant", "properties", "options"),
        ("HeardClip", "properties", "tags"),
        ("ListensImported", "properties", "left_out"),
        ("Mood", "properties", "filters"),
        ("Mood", "properties", "targets"),
        ("Mood", "properties", "titles"),
        ("Readiness", "properties", "parts"),
        ("Status", "properties", "pictures"),
        ("Status", "properties", "tracks"),
        ("OwnValues",),
        ("TrackIds",),
    }

    def open_objects(node, place=()):
        if isinstance(node, list):
            node = dict(enumerate(node))
        if not isinstance(node, dict):
            return set()
        here = {place} if node.get("additionalProperties", False) is not False else set()
        untyped = {place} if node.get("type") == "object" and not node.keys() & SHAPES else set()
        return here.union(untyped, *(open_objects(value, (*place, name)) for name, value in node.items()))

    assert open_objects(document["components"]["schemas"]) == maps
    exports = (("/v1/playlists/{playlist_id}/export", "get"), ("/v1/playlists/export", "post"))
    jspf = ("responses", "200", "content", "application/jspf+json", "schema")  # a format of others
    assert open_objects(document["paths"]) == {(*exported, *jspf) for exported in exports}


def test_every_schema_has_a_name_of_its_own(document):
    """Two models of one name would become `Name-Input` and `Name-Output`, of which client generators lose one."""
    assert [name for name in document["components"]["schemas"] if not name.isidentifier()] == []


def test_the_key_says_what_minus_one_means(document):
    """Players know −1 from Spotify: no key was found."""
    assert (
        "−1 if no key was found"
        in document["components"]["schemas"]["AudioFeatures"]["properties"]["key"]["description"]
    )


def test_recommendations_say_what_a_listener_needs(document):
    """The declared scope is enough without `user` only; the description says which is needed with one."""
    assert "the scope `listen` in addition to `read`" in document["paths"]["/v1/recommendations"]["post"]["description"]


def test_every_measure_can_be_filtered_aimed_for_and_read():
    """Filters, targets, their documentation and the flat analysis name the same fields: all that is measured."""
    measured = {name for name in Descriptors.__annotations__ if not name.endswith("_confidence")} - {"duration"}

    assert set(MEASURES) == set(RANGE_FIELDS) == set(SCALES)
    assert set(DESCRIPTORS) == measured
    assert set(TrackAttributes.model_fields) == set(ATTRIBUTES)
    assert set(TrackDescriptors.model_fields) == set(Descriptors.__annotations__)


def test_the_api_process_stays_small():
    """Importing the application and its index loads no torch, no librosa, no qdrant-client and no model of sound."""
    program = (
        "import sys, services.api.app, services.index.indexer_thread\n"
        "unwanted = {'torch', 'torchaudio', 'librosa', 'soundfile', 'workers', 'qdrant_client'}\n"
        "of_models = {name for name in sys.modules if name.startswith('models.')}\n"
        "of_models = {name for name in of_models if not name.startswith(('models.containers', 'models.ffmpeg'))}\n"
        "print(sorted(unwanted & set(sys.modules) | of_models))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
