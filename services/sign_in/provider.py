"""An OpenID Connect provider: what Segue asks it, and how its answers are verified.

Segue uses the authorization code flow with PKCE. Nothing that a browser brings is trusted: the code is redeemed at the
provider, and the ID token must have the provider's signature, this client as audience, and the nonce of this sign-in.
"""

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from pydantic import SecretStr
from pydantic_core import from_json

from services.circuit import Circuit, CircuitOpen
from services.domain.errors import SignInRefused, SignInUnavailable
from services.domain.people import Attempt
from services.settings.sign_in import is_secure_url

TIMEOUT_SECONDS = 5.0
METADATA_SECONDS = 3600.0
LEEWAY_SECONDS = 60
"""Clocks of two machines differ by less."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures with a public key. The others need a shared secret, or are none."""

SCOPES = ("openid", "profile", "groups")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Client:
    """Segue as the provider knows it."""

    id: str
    secret: SecretStr | None


@dataclass(slots=True)
class Provider:
    """The provider. Its metadata and keys are fetched when they are needed, and kept for an hour."""

    issuer: str
    client: Client
    _metadata: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _fetched_at: float = -float("inf")
    _circuit: Circuit = field(default_factory=lambda: Circuit(lambda error: isinstance(error, SignInUnavailable)))

    def sign_in_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return the address at the provider where a person signs in.

        Raises:
            SignInUnavailable: the provider does not respond.
        """
        metadata = self.metadata()
        known = metadata.get("scopes_supported", SCOPES)
        address: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self.client.id,
            "code",
            redirect_uri,
            " ".join(scope for scope in SCOPES if scope in known),
            attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),  # type: ignore[no-untyped-call]
            code_challenge_method="S256",
        )
        return address

    def sign_out_url(self, return_to: str) -> str | None:
        """Return the address at the provider that ends its own session; None if it has none.

        Raises:
            SignInUnavailable: the provider does not respond.
        """
        endpoint = self.metadata().get("end_session_endpoint")
        if endpoint is None:
            return None
        return str(httpx.URL(endpoint, params={"client_id": self.client.id, "post_logout_redirect_uri": return_to}))

    def claims(self, code: str, attempt: Attempt, redirect_uri: str) -> dict[str, Any]:
        """Redeem the code of a sign-in, and return what the provider says about the person.

        Raises:
            SignInUnavailable: the provider does not respond.
            SignInRefused: the provider refuses the code, or its ID token is not valid for this sign-in.
        """
        tokens = self._redeem(code, attempt, redirect_uri)
        claims = self._verified(str(tokens.get("id_token")), tokens.get("access_token"), attempt.nonce)
        return {**self._user_info(tokens.get("access_token"), claims), **claims}

    def metadata(self) -> dict[str, Any]:
        """Return what the provider publishes about itself.

        Raises:
            SignInUnavailable: the provider does not respond, or publishes something unusable.
        """
        if time.monotonic() - self._fetched_at > METADATA_SECONDS:
            self._metadata, self._keys = self._discover(), None
            self._fetched_at = time.monotonic()
        return self._metadata

    def _discover(self) -> dict[str, Any]:
        found = self._ask("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise SignInUnavailable(
                f"The provider calls itself '{found.get('issuer')}'. Set SEGUE_OIDC_ISSUER to exactly this."
            )
        for name in ENDPOINTS:
            if not is_secure_url(str(found.get(name))):
                raise SignInUnavailable(f"The provider's `{name}` is not an HTTPS address.")
        return found

    def _redeem(self, code: str, attempt: Attempt, redirect_uri: str) -> dict[str, Any]:
        metadata = self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
            "client_id": self.client.id,
        }
        auth: tuple[str, str] | None = None
        if self.client.secret is not None:
            secret = self.client.secret.get_secret_value()
            if "client_secret_basic" in metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
                auth = quote_plus(self.client.id), quote_plus(secret)
            else:
                form["client_secret"] = secret
        return self._ask("POST", metadata["token_endpoint"], data=form, auth=auth)

    def _verified(self, id_token: str, access_token: object, nonce: str) -> dict[str, Any]:
        try:
            try:
                token = jwt.decode(id_token, self._key_set(), algorithms=list(ALGORITHMS))
            except InvalidKeyIdError:  # the provider has new keys
                token = jwt.decode(id_token, self._key_set(again=True), algorithms=list(ALGORITHMS))
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={"iss": {"value": self.issuer}, "aud": {"value": self.client.id}},
                params={"nonce": nonce, "client_id": self.client.id, "access_token": access_token},
            )
            claims.validate(leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError) as error:
            raise SignInRefused(f"The provider's ID token is not valid: {error}.") from error
        return dict(claims)

    def _key_set(self, *, again: bool = False) -> KeySet:
        metadata = self.metadata()
        if (keys := None if again else self._keys) is None:
            found = self._ask("GET", metadata["jwks_uri"])
            if not isinstance(found.get("keys"), list):
                raise SignInUnavailable(f"The sign-in provider publishes no keys at {metadata['jwks_uri']}.")
            keys = self._keys = KeySet.import_key_set(found)  # type: ignore[arg-type]
        return keys

    def _user_info(self, access_token: object, claims: dict[str, Any]) -> dict[str, Any]:
        """Return what the provider tells beside the ID token: some tell groups only here."""
        endpoint = self.metadata().get("userinfo_endpoint")
        if not isinstance(endpoint, str) or not isinstance(access_token, str) or not is_secure_url(endpoint):
            return {}
        found = self._ask("GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != claims["sub"]:
            raise SignInRefused("The provider describes somebody else than who signed in.")
        return found

    def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401  options of httpx
        try:
            with self._circuit.call():
                return _answer(method, url, **options)
        except CircuitOpen as error:
            raise SignInUnavailable(f"The sign-in provider does not respond: {error}.") from error


def _answer(method: str, url: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401  options of httpx
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as http:
            response = http.request(method, url, **options)
        answer = from_json(response.content)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise SignInUnavailable(f"The sign-in provider does not respond as expected: {error}") from error
    if response.is_client_error and isinstance(answer, dict) and "error" in answer:
        raise SignInRefused(f"The provider refuses: {answer.get('error_description') or answer['error']}")
    if not response.is_success or not isinstance(answer, dict):
        raise SignInUnavailable(f"The sign-in provider answers {response.status_code} at {url}.")
    return answer
