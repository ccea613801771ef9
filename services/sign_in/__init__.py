"""Sign-in with an OpenID Connect provider."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.settings import Settings
from services.sign_in.groups import GroupRules, read_groups

if TYPE_CHECKING:
    from services.sign_in.provider import Provider


@dataclass(frozen=True, slots=True)
class SignIn:
    """The provider at which people sign in, and what their groups may do."""

    provider: "Provider"
    rules: GroupRules


def open_sign_in(settings: Settings) -> SignIn | None:
    """Return what signs people in; None if no provider is set.

    Raises:
        NotConfigured: the file of groups cannot be read, or is wrong.
    """
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_groups is None:
        return None
    # Imported here because cryptography needs memory that an API without sign-in does not.
    from services.sign_in.provider import Client, Provider  # noqa: PLC0415

    client = Client(settings.oidc_client_id, settings.oidc_client_secret)
    return SignIn(Provider(settings.oidc_issuer, client), read_groups(settings.oidc_groups))
