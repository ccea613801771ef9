"""An OpenID Connect provider on loopback that checks what Segue sends, and can answer wrongly."""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from flask import Flask, jsonify, request
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

CLIENT_ID = "segue"
CLIENT_SECRET = "a secret: with +/%"  # noqa: S105  a fake; its characters must be encoded

Claims = dict[str, Any]


@dataclass
class FakeProvider:
    """The provider. Change its fields to let it answer differently."""

    issuer: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    person: Claims = field(default_factory=lambda: {"sub": "1", "preferred_username": "ada", "name": "Ada Lovelace"})
    """What the ID token says about who signs in."""
    user_info: Claims = field(default_factory=dict)
    """What only the endpoint for user info says."""
    changed: Claims = field(default_factory=dict)
    """Claims of the ID token that are wrong."""
    metadata: Claims = field(default_factory=dict)
    sign: Callable[[Claims], str] | None = None
    """Makes the ID token; None makes a valid one."""
    fails: bool = False
    asked: list[str] = field(default_factory=list)
    """The paths of all requests."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def agree(self, location: str) -> str:
        """Sign the person in at the address to which Segue sent the browser; return where the browser goes then."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["client_id"] == CLIENT_ID
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def token(self, claims: Claims) -> str:
        """Return an ID token with the provider's signature."""
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)

    def redeem(self, form: dict[str, str]) -> dict[str, str] | None:
        """Return the request that a code was made for, once, if the client proves that it is the one that sent it."""
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        return asked

    def claims(self, nonce: str) -> Claims:
        """Return the claims of an ID token."""
        at = int(time.time())
        valid = {"iss": self.issuer, "aud": CLIENT_ID, "iat": at, "exp": at + 300, "nonce": nonce}
        return {name: value for name, value in (valid | self.person | self.changed).items() if value is not None}


def _app(provider: FakeProvider) -> Flask:
    app = Flask(__name__)

    @app.before_request
    def note() -> tuple[str, int] | None:
        provider.asked.append(request.path)
        return ("out of order", 502) if provider.fails else None

    @app.get("/.well-known/openid-configuration")
    def metadata() -> Claims:
        paths = {"authorization": "authorize", "token": "token", "userinfo": "userinfo", "end_session": "logout"}
        endpoints = {f"{name}_endpoint": f"{provider.issuer}/{path}" for name, path in paths.items()}
        return {"issuer": provider.issuer, "jwks_uri": f"{provider.issuer}/keys", **endpoints, **provider.metadata}

    @app.get("/keys")
    def keys() -> Claims:
        return {"keys": [provider.key.as_dict(private=False)]}

    @app.post("/token")
    def token() -> Any:
        form = request.form.to_dict()
        given = request.authorization
        named = (form.get("client_id"), form.get("client_secret"))
        if given is not None:
            named = (unquote_plus(given.username or ""), unquote_plus(given.password or ""))
        asked = provider.redeem(form)
        if asked is None or named != (CLIENT_ID, CLIENT_SECRET):
            return jsonify(error="invalid_grant"), 400
        made = (provider.sign or provider.token)(provider.claims(asked["nonce"]))
        return {"access_token": "access", "token_type": "Bearer", "id_token": made}

    @app.get("/userinfo")
    def user_info() -> Any:
        if request.headers.get("Authorization") != "Bearer access":
            return jsonify(error="invalid_token"), 401
        return {"sub": provider.person["sub"], **provider.user_info}

    return app


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    """Run a provider until the context ends."""
    provider = FakeProvider()
    server = make_server("127.0.0.1", 0, _app(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
