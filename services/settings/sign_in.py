"""The settings of sign-in with an OpenID Connect provider."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings


def is_secure_url(url: str) -> bool:
    """Whether a URL is HTTPS, or HTTP to this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return (parts.scheme == "https" and bool(host)) or (parts.scheme == "http" and _is_loopback(host))
    except ValueError:  # an invalid address in brackets
        return False


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class SignInSettings(BaseSettings):
    """The part of the settings that is about sign-in; `services.settings` reads it."""

    oidc_issuer: str | None = Field(
        default=None,
        description=(
            "Address of an OpenID Connect provider, exactly as it names itself as `issuer`, such as "
            "`https://auth.example`. If set, people can sign in to the page; [sign-in.md](sign-in.md) says how."
        ),
    )
    oidc_client_id: str | None = Field(
        default=None,
        validate_default=True,
        description="Id under which the provider knows Segue; required with `SEGUE_OIDC_ISSUER`.",
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Secret of this client. If unset, Segue signs in as a public client, with PKCE alone."
    )
    oidc_groups: str | None = Field(
        default=None,
        validate_default=True,
        description=(
            "TOML file that says what each group of the provider may do, and in which libraries; required with "
            "`SEGUE_OIDC_ISSUER`."
        ),
    )
    session_days: float = Field(
        default=7.0, gt=0, le=365, description="Number of days after which people have to sign in again."
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _is_secure(cls, given: str | None) -> str | None:
        if given is not None and not is_secure_url(given):
            raise ValueError(f"'{given}' is not an HTTPS address such as https://auth.example")
        return given

    @field_validator("oidc_client_id", "oidc_groups")
    @classmethod
    def _is_complete(cls, given: str | None, info: ValidationInfo) -> str | None:
        if not given and info.data.get("oidc_issuer") is not None:
            raise ValueError("it is required with SEGUE_OIDC_ISSUER")
        return given
