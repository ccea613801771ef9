"""Every route says what it needs, and the guard sees to it."""

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
    "/web/<path:name>",
    "/docs",
    "/docs/assets/<name>",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/1/validate-token",
    "/rest/getOpenSubsonicExtensions",
}


def declared(app):
    return [(rule, access_of(app, rule.endpoint)) for rule in app.url_map.iter_rules()]


def test_every_route_declares_what_it_needs(app):
    """A route without a declaration would be closed to everyone: say what it needs with `needs` or `public`."""
    undeclared = [rule.rule for rule, access in declared(app) if access is None]

    assert undeclared == []


def test_only_these_routes_are_open(app):
    """Nobody opens a route by mistake: the list is here."""
    assert {rule.rule for rule, access in declared(app) if not access.scopes} == OPEN_ROUTES


def test_listeners_in_the_path_are_declared(app):
    """A route that names a listener declares it, so that a bound key is held to it."""
    unbound = [
        rule.rule
        for rule, access in declared(app)
        if "<user>" in rule.rule.replace("string:", "") and access.listener != "user"
    ]

    assert unbound == []


def test_the_document_says_what_each_operation_needs(app, locked):
    """OpenAPI names the scopes, 401, 403 and 429 for every operation that needs a key, and none for the others."""
    document = locked.get("/openapi.json").json
    for rule, access in declared(app):
        path = document["paths"].get(re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule), {})
        for operation in (path[method.lower()] for method in rule.methods if method.lower() in path):
            scopes = {scope for way in operation["security"] for names in way.values() for scope in names}
            if not access.scopes:
                assert operation["security"] == []
                continue
            if rule.rule.startswith(SUBSONIC):
                continue  # it signs in as its protocol has it, and answers errors with 200
            assert {"401", "403", "429"} <= set(operation["responses"])
            assert scopes & set(access.scopes), rule
            assert {} not in operation["security"]


@pytest.mark.parametrize("require_keys", [True, None])
def test_the_document_says_whether_a_key_is_needed(client_with, require_keys):
    """On a service that only this machine reaches, a key may be left out, and the document says so."""
    document = client_with(require_keys=require_keys).get("/openapi.json").json

    assert ({} in document["paths"]["/v1/tracks"]["get"]["security"]) is (require_keys is None)


def routes_and_scopes():
    """Each route that needs a scope, with a request that gets past the guard."""
    return [
        ("get", "/v1/tracks", "read"),
        ("get", "/v1/tracks/test:1", "read"),
        ("get", "/v1/tracks/test:1/similar", "read"),
        ("get", "/v1/tracks/test:1/audio", "read"),
        ("post", "/v1/audio-urls", "read"),
        ("get", "/v1/audio-features/test:1", "read"),
        ("post", "/v1/recommendations", "read"),
        ("get", "/v1/status", "read"),
        ("get", "/metrics", "read"),
        ("post", "/v1/scans", "ingest"),
        ("post", "/v1/tracks", "ingest"),
        ("get", "/v1/jobs/none", "ingest"),
        ("put", "/v1/tracks/test:1/ids", "ingest"),
    ]


@pytest.mark.parametrize(("method", "path", "scope"), routes_and_scopes())
def test_only_the_right_scope_opens(locked, key_for, method, path, scope):
    """Without a key it is 401; with any other scope 403 that names the right one; with it or `admin` neither."""
    ask = getattr(locked, method)
    others = [other for other in Scope if other not in (scope, Scope.ADMIN)]
    refused = ask(path, headers=key_for(*others))

    assert ask(path).status_code == 401
    assert refused.status_code == 403
    assert f'scope="{scope}"' in refused.headers["WWW-Authenticate"]
    assert refused.json["type"] == "urn:segue:problem:insufficient-scope"
    assert ask(path, headers=key_for(scope)).status_code not in (401, 403)
    assert ask(path, headers=key_for("admin")).status_code not in (401, 403)


def test_the_test_above_misses_no_route(app):
    """Whoever adds a route of Segue's own adds it there."""
    tested = {
        (method.upper(), path.replace("test:1", "X").replace("none", "X")) for method, path, _ in routes_and_scopes()
    }
    routes = {
        (method, re.sub(r"<[^>]+>", "X", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in OPEN_ROUTES and not rule.rule.startswith(ELSEWHERE)
    }

    assert routes <= tested


# Tested beside what they do, with listeners and radios of their own.
SUBSONIC = "/rest/"
ELSEWHERE = ("/v1/users", "/v1/radio", "/v1/path", "/v1/compat", "/rest", "/1/")


@pytest.fixture
def extended(locked):
    """The application with routes as others may add them."""
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


def test_what_is_not_declared_is_closed(extended, key_for):
    """A forgotten declaration closes a route, even to `admin`."""
    assert extended.get("/undeclared", headers=key_for("admin")).status_code == 403
    assert extended.get("/undeclared").status_code == 403
    assert extended.get("/open").status_code == 200


@pytest.mark.parametrize("path", ["/of/bob", "/in-body"])
def test_another_listeners_data_is_not_reached(extended, key_for, path):
    """A key that is bound to ada gets 403 for bob, whether or not there is a bob; an unbound one gets through."""
    refused = extended.get(path, headers=key_for("listen", users=("ada",)))

    assert refused.status_code == 403
    assert refused.json["type"] == "urn:segue:problem:listener-not-allowed"
    assert extended.get(path, headers=key_for("listen", users=("ada", "bob"))).status_code == 200
    assert extended.get(path, headers=key_for("listen")).status_code == 200
    assert extended.get("/of/ada", headers=key_for("listen", users=("ada",))).text == "of ada"


def test_a_blueprint_may_take_keys_in_its_own_way(extended, key_for):
    """APIs of others carry keys in another scheme, and there only."""
    text = key_for("read")["Authorization"].removeprefix("Bearer ")

    assert extended.get("/lazy", headers={"Authorization": f"Token {text}"}).json["who"] == text.split("_")[1]
    assert extended.get("/lazy", headers={"Authorization": f"Bearer {text}"}).status_code == 401
    assert extended.get("/lazy", headers={"Authorization": "Token wrong"}).status_code == 401


def test_a_protocol_may_vouch_in_its_own_way(locked, key_for):
    """Where a protocol has users and passwords of its own they do as well; a key that is presented goes first."""
    someone = Principal("someone", frozenset({Scope.READ}))
    sign_in = {"right": someone}.get
    access = Access((Scope.READ,), sign_in=lambda asked: sign_in(asked.args.get("p", "")))
    own = Blueprint("own", __name__)
    own.get("/own")(lambda: principal().name)
    set_default_access(own, access)
    locked.application.register_blueprint(own)
    client = locked.application.test_client()

    assert client.get("/own?p=right").text == "someone"
    assert client.get("/own?p=wrong").status_code == 401
    assert client.get("/own?p=right", headers={"X-API-Key": "wrong"}).status_code == 401


def test_a_blueprint_may_refuse_in_its_own_way(client_with, key_for):
    """A blueprint's own handler answers a missing key, a missing scope and too many requests as others' APIs do."""
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


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/docs", "/openapi.json", "/web/app.js"])
def test_health_and_pages_ask_nobody(locked, path):
    """Whoever watches the service needs no key, and a wrong one does not matter there."""
    assert locked.get(path).status_code == 200
    assert locked.get(path, headers={"X-API-Key": "wrong"}).status_code == 200


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "patch", "options", "trace"])
def test_no_method_slips_by(locked, method):
    """HEAD is asked as GET is; what no route takes is 405; OPTIONS tells methods only."""
    answer = locked.open("/v1/tracks", method=method.upper())

    assert answer.status_code == {"get": 401, "head": 401, "post": 401, "options": 200}.get(method, 405)
    assert method != "options" or answer.text == ""


@pytest.mark.parametrize("path", ["/v1/tracks/", "/%2Fv1/tracks", "/v1//tracks", "/v1/tracks/test:1/", "/V1/tracks"])
def test_no_spelling_of_a_path_slips_by(locked, path):
    """No variant of a path reaches a view without its guard."""
    assert locked.get(path).status_code in (401, 404, 308)


def test_paths_of_the_machine_are_for_admins(locked, key_for):
    """Where Segue keeps its data is told to `admin` only."""
    assert locked.get("/v1/status", headers=key_for("read")).json["data_dir"] is None
    assert locked.get("/v1/status", headers=key_for("admin")).json["data_dir"]


def test_where_uploads_are_stored_is_for_admins(locked, key_for, services, tmp_path):
    """Of its upload's job an `ingest` key is told all but the place, in failures too; admins are told the place."""
    ingest, admin = key_for("ingest"), key_for("admin")
    with write_tone(tmp_path / "x.wav", 777).open("rb") as file:
        sent = locked.post("/v1/tracks", data={"file": (file, "x.wav")}, headers=ingest)
    services.catalogue.jobs.add_failure(sent.json["id"], f"{services.settings.uploads_path}/y.wav", "a reason")
    told = {
        who: locked.get(sent.headers["Location"], headers=key) for who, key in (("ingest", ingest), ("admin", admin))
    }
    services.catalogue.library.forget_files([told["admin"].json["path"]])

    assert (sent.status_code, sent.json["path"], told["ingest"].json["path"]) == (202, None, None)
    assert told["ingest"].json["failures"] == [{"path": "y.wav", "reason": "a reason"}]
    assert str(services.settings.data_path) not in sent.text + told["ingest"].text
    assert told["admin"].json["path"].startswith(str(services.settings.uploads_path))
    assert told["admin"].json["failures"][0]["path"] == f"{services.settings.uploads_path}/y.wav"


def test_what_a_scan_reads_is_told_to_who_may_scan(locked, key_for, services):
    """Whoever may ask for it has named the folder himself."""
    job_id = services.catalogue.jobs.create(JobKind.SCAN, "/music/new")

    assert locked.get(f"/v1/jobs/{job_id}", headers=key_for("ingest")).json["path"] == "/music/new"


def test_options_names_the_methods_of_the_route_alone(api):
    """Ids may hold slashes, so that `GET /v1/tracks/{id}` fits this address as well; it is not what is meant by it."""
    allowed = api.options("/v1/tracks/0/ids").allow
    assert set(allowed) == {"PUT", "OPTIONS"}
    assert set(api.options("/v1/users/anna/listens").allow) == {"GET", "HEAD", "POST", "OPTIONS"}
