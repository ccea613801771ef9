"""Media tokens, for elements that cannot send a key."""

from http import HTTPStatus

from flask import Blueprint

from services.api.http.operation import operation
from services.api.schemas.media import MediaToken
from services.api.security.authentication import media_token
from services.api.security.permissions import needs
from services.domain.access import Scope

media_tokens = Blueprint("media_tokens", __name__, url_prefix="/v1")


@media_tokens.post("/media-tokens")
@operation(
    "createMediaToken",
    "Create a token for audio and image elements",
    returns=MediaToken,
    status=HTTPStatus.CREATED,
    meaning="The token",
)
@needs(Scope.READ, repeatable=False)
def create_media_token() -> MediaToken:
    """Create a token for clients that cannot send a key, such as audio and image elements.

    Append it as `?token=` to the URLs of audio, covers and pictures. It opens nothing else. It expires after an hour,
    or when the key of this request is revoked.
    """
    return media_token()
