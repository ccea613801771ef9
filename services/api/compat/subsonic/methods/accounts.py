"""The user of a request."""

from flask import g

from services.api.compat.subsonic.auth import InvalidApiKey, MissingParameter
from services.api.compat.subsonic.method import Method, Result
from services.api.compat.subsonic.schemas.accounts import SubsonicTokenInfo, SubsonicUser, UserQuery
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.domain.errors import Forbidden


class OtherUserForbidden(Forbidden):
    """The request is about another user."""

    def __init__(self) -> None:
        super().__init__("You can request your own user only.")


def get_user(query: UserQuery) -> Result:
    """Get the roles of your user. Segue grants none of Subsonic's roles."""
    if g.subsonic_user not in ("", query.username):
        raise OtherUserForbidden
    return {"user": SubsonicUser(username=query.username).model_dump()}


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
