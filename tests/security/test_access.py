"""Every route declares its permissions, and they are enforced."""

import re

import pytest
from flask import Blueprint

from services.api.http.errors import status_of
from services.api.security.authentication import principal, require_listener
from services.api.security.permissions import TOKEN, Access, access_of, needs, public, set_default_access
from services.domain.access import Principal, Scope
from services.domain.errors import SegueError
from services.domain.job import JobKind
from tests.fakes.library import write_tone

OPEN_ROUTES = {
    "/",
    "/favicon.ico",
    "/web/<path:name>",
    "/docs",
    "/docs/assets/<name>",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/1/validate-token",
    "/api/health",
    "/rest/getOpenSubsonicExtensions",
    "/rest/<path:method>",
    "/v1/session",
    "/v1/session/start",
    "/v1/session/callback",
}


def declared(app):
    return [(rule, access_of(app, rule.endpoint)) for rule in app.url_map.iter_rules()]


def test_every_route_declares_its_permissions(app):
    """A route without a declaration is closed: declare its permissions with `needs` or `public`."""
    undeclared = [rule.rule for rule, access in declared(app) if access is None]

    assert undeclared == []


def test_only_these_routes_are_public(app):
    """No route is made public by mistake."""
    assert {rule.rule for rule, access in declared(app) if not access.scopes} == OPEN_ROUTES


def test_listeners_in_the_path_are_declared(app):
    """A route with a listener in its path declares it, so that keys of other listeners are refused."""
    unbound = [
        rule.rule
        for rule, access in declared(app)
        if "<user>" in rule.rule.replace("string:", "") and access.listener != "user"
    ]

    assert unbound == []


def test_the_document_lists_the_permissions_of_each_operation(app, locked):
    """OpenAPI lists the scopes and 401, 403 and 429 for every operation that needs a key, and for no other."""
    document = locked.get("/openapi.json").json
    for rule, access in declared(app):
        path = document["paths"].get(re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule), {})
        for operation in (path[method.lower()] for method in rule.methods if method.lower() in path):
            scopes = {scope for way in operation["security"] for names in way.values() for scope in names}
            if not access.scopes:
                assert operation["security"] == []
                continue
            if rule.rule.startswith(OWN_SIGN_IN):
                continue  # their errors have the status 200
            assert {"401", "403", "429"} <= set(operation["responses"])
            assert scopes & set(access.scopes), rule
            assert {} not in operation["security"]


@pytest.mark.parametrize("require_keys", [True, None])
def test_the_document_shows_whether_a_key_is_optional(client_with, require_keys):
    """On a service that only this machine can reach, the key is optional in the document too."""
    document = client_with(require_keys=require_keys).get("/openapi.json").json

    assert ({} in document["paths"]["/v1/tracks"]["get"]["security"]) is (require_keys is None)


def routes_and_scopes():
    """Return each route that needs a scope, with a request that passes the permission check."""
    return [
        ("get", "/v1/tracks", "read"),
        ("get", "/v1/tracks/test:1", "read"),
        ("delete", "/v1/tracks/none", "ingest"),
        ("get", "/v1/tracks/test:1/similar", "read"),
        ("get", "/v1/tracks/test:1/audio", "read"),
        ("get", "/v1/tracks/test:1/highlight", "read"),
        ("get", "/v1/tracks/test:1/cover", "read"),
        ("get", "/v1/albums/none/cover", "read"),
        ("get", "/v1/artists/none/cover", "read"),
        ("get", "/v1/albums", "read"),
        ("get", "/v1/albums/none", "read"),
        ("get", "/v1/artists", "read"),
        ("get", "/v1/artists/none", "read"),
        ("get", "/v1/genres", "read"),
        ("get", "/v1/attributes", "read"),
        ("get", "/v1/map", "read"),
        ("get", "/v1/map/points", "read"),
        ("get", "/v1/map/values", "read"),
        ("get", "/v1/map/regions", "read"),
        ("post", "/v1/map/refit", "ingest"),
        ("get", "/v1/playlists", "listen"),
        ("post", "/v1/playlists", "listen"),
        ("post", "/v1/playlists/import", "listen"),
        ("post", "/v1/playlists/export", "read"),
        ("get", "/v1/playlists/none", "listen"),
        ("put", "/v1/playlists/none", "listen"),
        ("delete", "/v1/playlists/none", "listen"),
        ("post", "/v1/playlists/none/tracks", "listen"),
        ("post", "/v1/playlists/none/extend", "listen"),
        ("post", "/v1/playlists/none/refresh", "listen"),
        ("get", "/v1/playlists/none/export", "listen"),
        ("post", "/v1/media-tokens", "read"),
        ("get", "/v1/audio-features/test:1", "read"),
        ("post", "/v1/audio-features", "read"),
        ("post", "/v1/recommendations", "read"),
        ("get", "/v1/moods", "read"),
        ("get", "/v1/search", "read"),
        ("post", "/v1/search/audio", "read"),
        ("post", "/v1/search/image", "read"),
        ("post", "/v1/search/video", "read"),
        ("get", "/v1/pictures", "read"),
        ("get", "/v1/pictures/search", "read"),
        ("get", "/v1/pictures/none", "read"),
        ("get", "/v1/pictures/none/file", "read"),
        ("get", "/v1/tracks/test:1/pictures", "read"),
        ("post", "/v1/pictures/scans", "ingest"),
        ("get", "/v1/status", "read"),
        ("get", "/metrics", "read"),
        ("post", "/v1/scans", "ingest"),
        ("post", "/v1/tracks", "ingest"),
        ("get", "/v1/jobs", "ingest"),
        ("get", "/v1/jobs/none", "ingest"),
        ("get", "/v1/jobs/none/failures", "ingest"),
        ("get", "/v1/events", "read"),
        ("get", "/v1/now-playing", "listen"),
        ("put", "/v1/users/ann/now-playing", "listen"),
        ("delete", "/v1/users/ann/now-playing", "listen"),
        ("put", "/v1/analysis", "ingest"),
        ("get", "/v1/failures", "ingest"),
        ("post", "/v1/failures/retry", "ingest"),
        ("get", "/v1/libraries", "read"),
        ("put", "/v1/libraries/none", "admin"),
        ("delete", "/v1/libraries/none", "admin"),
        ("get", "/v1/own-features", "read"),
        ("get", "/v1/experiments", "admin"),
        ("get", "/v1/experiments/none", "admin"),
        ("get", "/v1/comparisons/report", "admin"),
        ("put", "/v1/own-features/none", "admin"),
        ("delete", "/v1/own-features/none", "admin"),
        ("get", "/v1/libraries/none/quota", "read"),
        ("put", "/v1/libraries/none/quota", "admin"),
        ("get", "/v1/libraries/none/usage", "read"),
        ("put", "/v1/libraries/none/members/none", "admin"),
        ("delete", "/v1/libraries/none/members/none", "admin"),
        ("get", "/v1/keys", "admin"),
        ("post", "/v1/keys", "admin"),
        ("delete", "/v1/keys/none", "admin"),
        ("get", "/v1/people", "admin"),
        ("delete", "/v1/people/none", "admin"),
        ("put", "/v1/tracks/test:1/ids", "ingest"),
    ]


@pytest.mark.parametrize(("method", "path", "scope"), routes_and_scopes())
def test_a_route_requires_its_scope(locked, key_for, method, path, scope):
    """401 without a key; 403 that names the scope with any other scope; access with the scope or `admin`."""
    send = getattr(locked, method)
    others = [other for other in Scope if other not in (scope, Scope.ADMIN)]
    refused = send(path, headers=key_for(*others))

    assert send(path).status_code == 401
    assert refused.status_code == 403
    assert f'scope="{scope}"' in refused.headers["WWW-Authenticate"]
    assert refused.json["type"] == "urn:segue:problem:insufficient-scope"
    assert send(path, headers=key_for(scope)).status_code not in (401, 403)
    assert send(path, headers=key_for("admin")).status_code not in (401, 403)


def test_the_test_of_scopes_covers_every_route(app):
    """A new route of Segue's own API must be added to the test above."""
    tested = {
        (method.upper(), path.replace("test:1", "X").replace("none", "X")) for method, path, _ in routes_and_scopes()
    }
    routes = {
        (method, re.sub(r"<[^>]+>", "X", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in OPEN_ROUTES and not rule.rule.startswith(ELSEWHERE)
    }

    assert routes - {("GET", "/v1/me"), ("GET", "/v1/export/X")} <= tested


# Tested in other files, because they need listeners and sessions. Any key may ask for `/v1/me` and `/v1/export`.
OWN_SIGN_IN = ("/rest/", "/audioscrobbler/")
ELSEWHERE = ("/api/", "/v1/users", "/v1/radio", "/v1/path", "/v1/compat", "/rest", "/1/", "/2.0/", "/audioscrobbler/")


@pytest.fixture
def extended(locked):
    """An application with additional routes."""
    app = locked.application
    lazy = Blueprint("lazy", __name__)
    lazy.get("/lazy")(lambda: {"who": principal().name})
    set_default_access(lazy, Access((Scope.READ,), key_locations=(TOKEN,)))
    app.register_blueprint(lazy)
    app.add_url_rule("/undeclared", endpoint="undeclared", view_func=lambda: "secret")
    app.add_url_rule("/open", endpoint="open", view_func=public(lambda: "open"))
    app.add_url_rule(
        "/of/<user>", endpoint="of_user", view_func=needs(Scope.LISTEN, listener="user")(lambda user: f"of {user}")
    )

    def in_body():
        require_listener("bob")
        return "of bob"

    app.add_url_rule("/in-body", endpoint="in_body", view_func=needs(Scope.LISTEN)(in_body))
    return app.test_client()


def test_a_route_without_a_declaration_is_closed(extended, key_for):
    """Even a key with the scope `admin` is refused."""
    assert extended.get("/undeclared", headers=key_for("admin")).status_code == 403
    assert extended.get("/undeclared").status_code == 403
    assert extended.get("/open").status_code == 200


@pytest.mark.parametrize("path", ["/of/bob", "/in-body"])
def test_another_listeners_data_is_refused(extended, key_for, path):
    """A key bound to ada gets 403 for bob, whether bob exists or not; an unbound key has access."""
    refused = extended.get(path, headers=key_for("listen", listeners=("ada",)))

    assert refused.status_code == 403
    assert refused.json["type"] == "urn:segue:problem:listener-not-allowed"
    assert extended.get(path, headers=key_for("listen", listeners=("ada", "bob"))).status_code == 200
    assert extended.get(path, headers=key_for("listen")).status_code == 200
    assert extended.get("/of/ada", headers=key_for("listen", listeners=("ada",))).text == "of ada"


def test_a_blueprint_may_accept_keys_elsewhere(extended, key_for):
    """A blueprint of another API accepts keys in that API's header; other blueprints do not."""
    text = key_for("read")["Authorization"].removeprefix("Bearer ")

    assert extended.get("/lazy", headers={"Authorization": f"Token {text}"}).json["who"] == text.split("_")[1]
    assert extended.get("/lazy", headers={"Authorization": f"Bearer {text}"}).status_code == 401
    assert extended.get("/lazy", headers={"Authorization": "Token wrong"}).status_code == 401


def test_a_protocol_may_have_its_own_sign_in(locked, key_for):
    """Users and passwords of a protocol are accepted; a key in the request has priority."""
    someone = Principal("someone", frozenset({Scope.READ}))
    sign_in = {"right": someone}.get
    access = Access((Scope.READ,), sign_in=lambda request: sign_in(request.args.get("p", "")))
    own = Blueprint("own", __name__)
    own.get("/own")(lambda: principal().name)
    set_default_access(own, access)
    locked.application.register_blueprint(own)
    client = locked.application.test_client()

    assert client.get("/own?p=right").text == "someone"
    assert client.get("/own?p=wrong").status_code == 401
    assert client.get("/own?p=right", headers={"X-API-Key": "wrong"}).status_code == 401


def test_a_blueprint_may_have_its_own_error_format(client_with, key_for):
    """The blueprint's handler renders missing keys, missing scopes and rate limits."""
    app = client_with(rate_limit=2).application
    foreign = Blueprint("foreign", __name__)
    foreign.get("/foreign")(lambda: "ok")
    foreign.register_error_handler(SegueError, lambda error: ({"code": status_of(error).value}, 200))
    set_default_access(foreign, Access((Scope.READ,)))
    app.register_blueprint(foreign)
    client, mine = app.test_client(), key_for("read")

    assert client.get("/foreign").json == {"code": 401}
    assert client.get("/foreign", headers=key_for("listen")).json == {"code": 403}
    assert [client.get("/foreign", headers=mine).text for _ in range(2)] == ["ok", "ok"]
    assert client.get("/foreign", headers=mine).json == {"code": 429}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/docs", "/openapi.json", "/web/icon.svg"])
def test_health_and_pages_need_no_key(locked, path):
    """Monitoring needs no key, and an invalid key is ignored."""
    assert locked.get(path).status_code == 200
    assert locked.get(path, headers={"X-API-Key": "wrong"}).status_code == 200


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "patch", "options", "trace"])
def test_every_method_is_checked(locked, method):
    """HEAD needs the same permissions as GET, unsupported methods get 405, and OPTIONS lists methods only."""
    answer = locked.open("/v1/tracks", method=method.upper())

    assert answer.status_code == {"get": 401, "head": 401, "post": 401, "options": 200}.get(method, 405)
    assert method != "options" or answer.text == ""


@pytest.mark.parametrize("path", ["/v1/tracks/", "/%2Fv1/tracks", "/v1//tracks", "/v1/tracks/test:1/", "/V1/tracks"])
def test_every_spelling_of_a_path_is_checked(locked, path):
    """No variant of a path reaches a view without a permission check."""
    assert locked.get(path).status_code in (401, 404, 308)


def test_paths_of_the_machine_are_for_admins(locked, key_for):
    """The data directory is shown to keys with `admin` only, and the paths of folders to those with `ingest`."""
    scopes = {"read": ["read"], "ingest": ["read", "ingest"], "admin": ["admin"]}
    shown = {name: locked.get("/v1/status", headers=key_for(*each)).json for name, each in scopes.items()}

    assert [status["data_dir"] is None for status in shown.values()] == [True, True, False]
    assert shown["read"]["folders"][0]["path"] == "music"
    assert shown["ingest"]["folders"][0]["path"].endswith("/music")


def test_the_location_of_uploads_is_for_admins(locked, key_for, services, tmp_path):
    """The job of an upload and its failures show the stored file's path to `admin` only."""
    ingest, admin = key_for("ingest"), key_for("admin")
    with write_tone(tmp_path / "x.wav", 777).open("rb") as file:
        sent = locked.post("/v1/tracks", data={"file": (file, "x.wav")}, headers=ingest)
    services.catalogue.jobs.add_failure(sent.json["id"], f"{services.settings.uploads_path}/y.wav", "a reason")
    shown = {
        who: locked.get(sent.headers["Location"], headers=key) for who, key in (("ingest", ingest), ("admin", admin))
    }
    services.catalogue.analyses.refuse(shown["admin"].json["tracks"][0], "The file is silent.")
    listed = locked.get("/v1/failures", headers=ingest)
    status = locked.get("/v1/status", headers=key_for("read", "ingest"))
    everything = locked.get("/v1/failures", headers=admin).text
    services.catalogue.library.forget_files([shown["admin"].json["path"]])

    assert (sent.status_code, sent.json["path"], shown["ingest"].json["path"]) == (202, None, None)
    assert [each["path"] for each in shown["ingest"].json["failures"]] == ["y.wav"]
    assert str(services.settings.data_path) not in sent.text + shown["ingest"].text + listed.text
    assert str(services.settings.uploads_path) not in status.text
    assert str(services.settings.data_path) in everything
    assert listed.json["total"] == 1
    assert shown["admin"].json["path"].startswith(str(services.settings.uploads_path))
    assert shown["admin"].json["failures"][0]["path"] == f"{services.settings.uploads_path}/y.wav"


def test_the_folder_of_a_scan_is_visible_with_ingest(locked, key_for, services):
    """Clients that may start scans have chosen the folder themselves."""
    job_id = services.catalogue.jobs.create(JobKind.SCAN, "/music/new")

    assert locked.get(f"/v1/jobs/{job_id}", headers=key_for("ingest")).json["path"] == "/music/new"


def test_options_lists_the_methods_of_the_matched_route(api):
    """`GET /v1/tracks/{id}` matches the same URL, because ids may contain slashes, but is not listed."""
    allowed = api.options("/v1/tracks/0/ids").allow
    assert set(allowed) == {"PUT", "OPTIONS"}
    assert set(api.options("/v1/users/anna/listens").allow) == {"GET", "HEAD", "POST", "OPTIONS"}
