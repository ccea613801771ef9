"""The user of a request."""

from flask import g

from services.api.compat.subsonic.auth import InvalidApiKey, MissingParameter
from services.api.compat.subsonic.method import Method, Result
from services.api.compat.subsonic.schemas.accounts import SubsonicTokenInfo, SubsonicUser, UserQuery
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.visible import EVERYTHING, folder_id, visible_libraries
from services.api.security.authentication import principal
from services.domain.access import Scope
from services.domain.errors import Forbidden


class OtherUserForbidden(Forbidden):
    """The request is about another user."""

    def __init__(self) -> None:
        super().__init__("You can request your own user only.")


def check_own_user(name: str) -> None:
    """Check that a name is that of the request's user.

    Raises:
        OtherUserForbidden: it is another one.
    """
    if g.subsonic_user not in ("", name):
        raise OtherUserForbidden


def get_user(query: UserQuery) -> Result:
    """Get your user, and what it may do here."""
    check_own_user(query.username)
    listens, admin = (principal().has_any((scope,)) for scope in (Scope.LISTEN, Scope.ADMIN))
    user = SubsonicUser(
        username=query.username,
        scrobblingEnabled=listens,
        playlistRole=listens,
        adminRole=admin,
        folder=[folder_id(each) for each in visible_libraries()] or [EVERYTHING],
    )
    return {"user": user.model_dump()}


def token_info(query: SubsonicQuery) -> Result:
    """Get the user of an API key: the listener that it is bound to, or else the key's id."""
    if query.apiKey is None:
        raise MissingParameter("Required parameter is missing: apiKey.")
    if not g.subsonic_user:
        raise InvalidApiKey
    return {"tokenInfo": SubsonicTokenInfo(username=g.subsonic_user).model_dump()}


METHODS = (
    Method("getUser", UserQuery, get_user, "Get a user"),
    Method("tokenInfo", SubsonicQuery, token_info, "Get the user of an API key"),
)
