"""People sign in with an OpenID Connect provider, which Segue trusts no more than it must."""

import dataclasses
import hmac
import json
import re
from base64 import urlsafe_b64encode
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import select, update

from services.api.app import create_app
from services.catalog.database import now
from services.catalog.tables import SessionRow
from services.domain.people import GRACE, ROTATE_EVERY
from services.settings import Settings
from services.sign_in import open_sign_in
from tests.fakes.oidc_provider import CLIENT_ID, CLIENT_SECRET, fake_provider

ADDRESS = "https://music.example/segue"
GROUPS = """
[groups.owners]
scopes = ["admin"]

[groups.family]
scopes = ["read", "listen"]

[groups.guests]
scopes = ["read"]
libraries = ["Jazz"]
"""


@pytest.fixture
def provider(services):
    with fake_provider() as running:
        running.person["groups"] = ["family"]
        yield running
    for person in services.catalogue.people.all():
        services.catalogue.people.remove(person.listener)


@pytest.fixture
def browser(services, tmp_path):
    """Return a function that opens a browser at an application with sign-in at a provider."""
    groups = tmp_path / "groups.toml"
    groups.write_text(GROUPS, encoding="utf-8")

    def start(issuer, **changes):
        changes = {"url": ADDRESS, "require_keys": True, "oidc_groups": str(groups)} | changes
        oidc = {"oidc_issuer": issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}
        settings = Settings(**(services.settings.model_dump() | oidc | changes))
        app = create_app(dataclasses.replace(services, settings=settings, sign_in=open_sign_in(settings)))
        return Browser(app.test_client())

    return start


class Browser:
    """A browser behind a proxy that serves Segue below a path."""

    def __init__(self, client):
        self.client = client
        self.received = []

    def get(self, address, **options):
        return self.send("GET", address, **options)

    def send(self, method, address, **options):
        answer = self.client.open(address.removeprefix(ADDRESS), base_url=ADDRESS, method=method, **options)
        self.received += answer.headers.getlist("Set-Cookie")
        return answer

    def start(self):
        """Return the address at the provider to which the browser goes."""
        return self.get("/v1/session/start?view=%23/library").location

    def sign_in(self, provider):
        """Sign in, and return the response with which the browser comes back to the page."""
        return self.get(provider.agree(self.start()))

    @property
    def cookie(self):
        """The session's cookie; None without one."""
        found = self.client.get_cookie("segue_session", "music.example", "/segue")
        return None if found is None else found.value


@pytest.fixture
def session(services):
    """Return a function that changes the only session in the catalogue."""

    def change(**columns):
        with services.catalogue.database.write() as transaction:
            transaction.execute(update(SessionRow).values(columns))

    return change


def problem_of(answer):
    assert answer.location.startswith(f"{ADDRESS}/#/sign-in?")
    return parse_qs(answer.location.partition("?")[2])["problem"]


def test_a_person_signs_in_and_is_their_listener(provider, browser):
    """Who signs in comes back to their view, and has what their group may do, for their own listener."""
    page = browser(provider.issuer)
    assert page.get("/v1/me").status_code == 401
    assert page.get("/v1/session").json == {"start_url": f"{ADDRESS}/v1/session/start", "session": None}
    answer = page.sign_in(provider)
    assert answer.location == f"{ADDRESS}/#/library"

    me = page.get("/v1/me").json
    assert me["session"].items() >= {"listener": "ada", "name": "Ada Lovelace"}.items()
    assert (me["scopes"], me["listeners"], me["key"]) == (["read", "listen"], ["ada"], None)
    assert page.get("/v1/session").json["session"] == me["session"]
    assert page.get("/v1/users/ada/listens").status_code == 200
    assert page.get("/v1/users/bob/listens").status_code == 403
    assert page.get("/v1/keys").status_code == 403
    assert page.send("POST", "/v1/media-tokens").json["token"] is None


def test_the_cookies_are_for_this_site_and_not_for_scripts(provider, browser):
    """The session's cookie is sent by the own page only; the one of the sign-in comes back from the provider."""
    page = browser(provider.issuer)
    page.sign_in(provider)
    attempt, *_, session, forgotten = page.received

    assert re.fullmatch(
        r"segue_sign_in=\S+; Expires=.+; Max-Age=600; Secure; HttpOnly; Path=/segue; SameSite=Lax", attempt
    )
    assert re.fullmatch(r"segue_session=\S+; Expires=.+; Secure; HttpOnly; Path=/segue; SameSite=Strict", session)
    assert "Max-Age=0" in forgotten


def test_over_http_on_this_machine_the_cookie_is_sent_too(provider, browser):
    """A cookie that is `Secure` would not be sent over HTTP."""
    page = browser(provider.issuer, url="http://127.0.0.1:8765")
    page.client.get("/v1/session/start", base_url="http://127.0.0.1:8765")

    assert "Secure" not in page.client.get("/v1/session/start").headers["Set-Cookie"]


def test_an_owner_may_do_everything_and_sign_others_out(provider, browser, services):
    """A group with `admin` makes an owner, who sees who has signed in, and ends their sessions."""
    ada, owner = browser(provider.issuer), browser(provider.issuer)
    ada.sign_in(provider)
    provider.person = {"sub": "2", "preferred_username": "olga", "groups": ["guests", "owners"]}
    owner.sign_in(provider)
    assert owner.get("/v1/me").json["scopes"] == ["read", "listen", "ingest", "admin"]
    assert owner.get("/v1/me").json["listeners"] is None
    assert [each["listener"] for each in owner.get("/v1/people").json["people"]] == ["ada", "olga"]
    assert owner.send("DELETE", "/v1/people/ada").status_code == 204

    assert ada.get("/v1/me").status_code == 401
    assert owner.send("DELETE", "/v1/people/ada").status_code == 404


def test_a_guest_gets_one_library(provider, browser, services):
    """The libraries of a group bind its people, as they bind a key, and their listeners are members."""
    services.catalogue.libraries.put("Jazz", (), ("joe",))
    services.catalogue.libraries.put("Pop", (), ("pia",))
    provider.person["groups"] = ["guests"]
    page = browser(provider.issuer)
    page.sign_in(provider)
    assert page.get("/v1/me").json["scopes"] == ["read"]
    assert page.get("/v1/tracks").json["total"] == 0
    assert [each["name"] for each in page.get("/v1/libraries").json["libraries"]] == ["Jazz"]
    assert services.catalogue.libraries.get("Jazz").listeners == ("ada", "joe")

    provider.person |= {"sub": "2", "preferred_username": "pia"}
    assert problem_of(browser(provider.issuer).sign_in(provider)) == ["taken"]  # a member of another library only
    services.catalogue.libraries.add_member("Jazz", "pia")
    assert browser(provider.issuer).sign_in(provider).location == f"{ADDRESS}/#/library"
    for name in ("Jazz", "Pop"):
        services.catalogue.libraries.remove(name)


def test_groups_that_only_the_user_info_tells_count(provider, browser):
    """Some providers put groups into the answer of the endpoint for user info only."""
    provider.person.pop("groups")
    provider.user_info["groups"] = ["family"]
    page = browser(provider.issuer)
    page.sign_in(provider)

    assert page.get("/v1/me").status_code == 200


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"groups": ["strangers"]}, "no-access"),
        ({"groups": None}, "no-access"),
        ({"groups": "family"}, "no-access"),
        ({"nonce": "another"}, "refused"),
        ({"nonce": None}, "refused"),
        ({"aud": "another-client"}, "refused"),
        ({"aud": ["another-client", CLIENT_ID]}, "refused"),  # without `azp`
        ({"azp": "another-client"}, "refused"),
        ({"iss": "https://other.example"}, "refused"),
        ({"exp": 1_700_000_000}, "refused"),
        ({"exp": None}, "refused"),
        ({"sub": None}, "refused"),
        ({"sub": "9"}, "refused"),  # the user info is of another person
        ({"preferred_username": "a/b"}, "refused"),
        ({"preferred_username": None}, "refused"),
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(provider, browser, changed, problem):
    """Every claim of the ID token that matters is checked."""
    provider.changed = changed
    page = browser(provider.issuer)

    assert problem_of(page.sign_in(provider)) == [problem]
    assert page.cookie is None
    assert page.get("/v1/me").status_code == 401


def handmade(head, claims, sign):
    """Return a token that no library makes."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)]
    return b".".join([*parts, urlsafe_b64encode(sign(b".".join(parts))).rstrip(b"=")]).decode()


FORGERIES = {
    "with another key of the same id": lambda claims: jwt.encode(
        {"alg": "ES256", "kid": "one"}, claims, ECKey.generate_key("P-256", {"kid": "one"})
    ),
    "with an unknown key": lambda claims: jwt.encode(
        {"alg": "ES256", "kid": "two"}, claims, ECKey.generate_key("P-256", {"kid": "two"})
    ),
    "with the client's secret": lambda claims: jwt.encode(
        {"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(CLIENT_SECRET)
    ),
    "not at all": lambda claims: handmade({"alg": "none"}, claims, lambda _: b""),
    "and is no token": lambda _: "x.y",
}


@pytest.mark.parametrize("how", FORGERIES)
def test_an_id_token_without_the_providers_signature_is_refused(provider, browser, how):
    """Only the keys that the provider publishes sign ID tokens."""
    provider.sign = FORGERIES[how]
    page = browser(provider.issuer)

    assert problem_of(page.sign_in(provider)) == ["refused"]
    assert page.cookie is None


def test_a_token_signed_with_the_providers_public_key_is_refused(provider, browser):
    """The public key is no shared secret."""
    public = provider.key.as_pem(private=False)
    head = {"alg": "HS256", "kid": "one"}
    provider.sign = lambda claims: handmade(head, claims, lambda text: hmac.digest(public, text, "sha256"))

    assert problem_of(browser(provider.issuer).sign_in(provider)) == ["refused"]


def test_the_provider_may_have_new_keys(provider, browser):
    """Keys are kept, and fetched again when a token has another one."""
    page = browser(provider.issuer)
    page.sign_in(provider)
    page.sign_in(provider)
    assert provider.asked.count("/keys") == 1
    provider.key = ECKey.generate_key("P-256", {"kid": "new"})

    assert page.sign_in(provider).location == f"{ADDRESS}/#/library"
    assert provider.asked.count("/keys") == 2


def test_a_code_is_redeemed_in_the_browser_that_asked_for_it(provider, browser):
    """Neither the address of somebody else's sign-in nor an old one signs anybody in."""
    mine, other = browser(provider.issuer), browser(provider.issuer)
    back = provider.agree(other.start())
    assert problem_of(mine.get(back)) == ["expired"]  # no sign-in began here
    mine.start()
    assert problem_of(mine.get(back)) == ["expired"]  # another one did
    assert other.get(back).location == f"{ADDRESS}/#/library"

    assert problem_of(other.get(back)) == ["expired"]  # it is complete
    assert "/token" in provider.asked
    assert provider.asked.count("/token") == 1


def test_an_answer_of_another_provider_is_refused(provider, browser):
    """The provider names itself in its answer, so that none can be confused with another (RFC 9207)."""
    page = browser(provider.issuer)
    back = provider.agree(page.start()).replace("iss=", "iss=https%3A%2F%2Fother.example%2F")

    assert problem_of(page.get(back)) == ["refused"]
    assert "/token" not in provider.asked


def test_a_person_may_change_their_mind(provider, browser):
    """Who cancels at the provider comes back to the page without a session."""
    page = browser(provider.issuer)
    state = parse_qs(urlsplit(page.start()).query)["state"][0]

    assert problem_of(page.get(f"/v1/session/callback?error=access_denied&state={state}")) == ["cancelled"]


@pytest.mark.parametrize("view", ["//evil.example", "https://evil.example", "javascript:alert(1)", "#evil"])
def test_a_sign_in_comes_back_to_a_view_of_the_page(provider, browser, view):
    """Nothing but a view of the page can be the place to come back to."""
    answer = browser(provider.issuer).get("/v1/session/start", query_string={"view": view})

    assert answer.status_code == 422


def test_without_the_provider_the_page_says_so(provider, browser):
    """A provider that does not respond is a reason on the page, and nobody waits for one that failed several times."""
    provider.fails = True
    page = browser(provider.issuer)

    assert [problem_of(page.get("/v1/session/start")) for _ in range(5)] == [["unavailable"]] * 5
    assert len(provider.asked) == 3


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://other.example"}, {"token_endpoint": "http://other.example/token"}, {"jwks_uri": None}],
)
def test_metadata_that_is_not_safe_is_not_used(provider, browser, metadata):
    """The provider must name itself as configured, and every address that Segue asks must be HTTPS."""
    provider.metadata = metadata

    assert problem_of(browser(provider.issuer).get("/v1/session/start")) == ["unavailable"]


def test_a_provider_without_keys_signs_nobody_in(provider, browser):
    """An answer without a list of keys is a reason on the page, as one that is no answer."""
    provider.metadata = {"jwks_uri": f"{provider.issuer}/.well-known/openid-configuration"}

    assert problem_of(browser(provider.issuer).sign_in(provider)) == ["unavailable"]


def test_an_address_for_user_info_that_is_none_is_not_asked(provider, browser):
    """The ID token is sufficient where it names the groups."""
    provider.metadata = {"userinfo_endpoint": 5}

    assert browser(provider.issuer).sign_in(provider).location == f"{ADDRESS}/#/library"
    assert "/userinfo" not in provider.asked


def test_a_provider_may_want_the_secret_in_the_form(provider, browser):
    """The secret is sent in the way that the provider supports."""
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert browser(provider.issuer).sign_in(provider).location == f"{ADDRESS}/#/library"


def test_a_session_ends_when_a_person_signs_out(provider, browser):
    """After signing out, not even a copy of the cookie is of use."""
    page = browser(provider.issuer)
    page.sign_in(provider)
    copied = page.cookie
    answer = page.send("DELETE", "/v1/session", headers={"Origin": "https://music.example"})
    assert answer.json["provider_url"].startswith(f"{provider.issuer}/logout?client_id=segue&post_logout_redirect_uri=")
    assert page.cookie is None
    page.client.set_cookie("segue_session", copied, domain="music.example", path="/segue")

    assert page.get("/v1/me").status_code == 401
    assert page.send("DELETE", "/v1/session").json == {"provider_url": None}


def test_a_session_ends_after_its_time(provider, browser, session):
    """However often it is used, a person has to sign in again."""
    page = browser(provider.issuer, session_days=2)
    page.sign_in(provider)
    assert "Max-Age=1727" in page.received[-2] or "Max-Age=172800" in page.received[-2]
    session(expires_at=now())

    assert page.get("/v1/me").status_code == 401


def test_the_secret_of_a_session_changes(provider, browser, session):
    """An old secret is of use for as long as requests at the same time need it."""
    page, thief = browser(provider.issuer), browser(provider.issuer)
    page.sign_in(provider)
    first = page.cookie
    session(rotated_at=now() - ROTATE_EVERY - timedelta(seconds=1))
    assert page.get("/v1/me").status_code == 200
    assert page.cookie != first
    thief.client.set_cookie("segue_session", first, domain="music.example", path="/segue")
    assert thief.get("/v1/me").status_code == 200
    assert thief.cookie == first
    session(rotated_at=now() - GRACE - timedelta(seconds=1))

    assert thief.get("/v1/me").status_code == 401
    assert page.get("/v1/me").status_code == 200


def test_secrets_are_not_in_the_catalogue(provider, browser, services):
    """The catalogue and its backups have only digests of the cookies."""
    page = browser(provider.issuer)
    page.sign_in(provider)
    with services.catalogue.database.read() as transaction:
        row = transaction.scalars(select(SessionRow)).one()

    assert page.cookie.partition(".")[2] not in repr(
        [getattr(row, column.name) for column in SessionRow.__table__.columns]
    )


def test_a_person_stays_the_same_listener(provider, browser):
    """Another name at the provider gives a person no other history, and nobody gets theirs."""
    page = browser(provider.issuer)
    page.sign_in(provider)
    provider.person |= {"preferred_username": "augusta", "name": "Augusta"}
    page.sign_in(provider)
    assert page.get("/v1/me").json["session"].items() >= {"listener": "ada", "name": "Augusta"}.items()
    provider.person |= {"sub": "2", "preferred_username": "ada"}

    assert problem_of(browser(provider.issuer).sign_in(provider)) == ["taken"]


def test_pages_of_other_sites_cannot_use_a_session(provider, browser):
    """A request of another site's page is refused even if a browser sent the cookie with it."""
    page = browser(provider.issuer)
    page.sign_in(provider)
    foreign = {"Origin": "https://evil.example"}

    assert page.send("POST", "/v1/users/ada/listens", headers=foreign, json={"listens": []}).status_code == 403
    assert page.send("DELETE", "/v1/session", headers=foreign).status_code == 403
    assert page.get("/v1/me").status_code == 200


def test_a_session_is_no_key_and_a_key_is_no_session(provider, browser, key_for):
    """Cookies are for the page: neither APIs of other systems nor other places of a request take them."""
    page = browser(provider.issuer)
    page.sign_in(provider)
    session, key = page.cookie, key_for("read", "listen")["Authorization"].split()[1]
    assert page.get("/1/user/ada/listens").status_code == 401
    assert (
        page.get("/rest/ping").json is None
        or page.get("/rest/ping?f=json").json["subsonic-response"]["status"] == "failed"
    )
    page.client.delete_cookie("segue_session", domain="music.example", path="/segue")
    assert page.get("/v1/me", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    page.client.set_cookie("segue_session", key, domain="music.example", path="/segue")

    assert page.get("/v1/me").status_code == 401


def test_without_a_provider_nobody_can_sign_in(locked):
    """The page is told that there is no sign-in."""
    assert locked.get("/v1/session").json == {"start_url": None, "session": None}
    assert locked.get("/v1/session/start").status_code == 404
    assert locked.get("/v1/session/callback").status_code == 404
    assert locked.delete("/v1/session").status_code == 200


def test_another_implementation_of_a_provider_works(browser, services):
    """A sign-in at oidc-provider-mock, which is written independently of Segue."""
    ada = oidc_provider_mock.User(sub="7", claims={"preferred_username": "mia", "groups": ["family"]})
    with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=[ada]) as server:
        page = browser(f"http://localhost:{server.server_port}")
        back = httpx.post(page.start(), data={"sub": "7"}, trust_env=False).headers["Location"]
        assert page.get(back).location == f"{ADDRESS}/#/library"

        assert page.get("/v1/me").json["listener"] == "mia"
    services.catalogue.people.remove("mia")
