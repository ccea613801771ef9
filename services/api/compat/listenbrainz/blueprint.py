"""The routes of ListenBrainz's API, under `/1/` as in ListenBrainz."""

from flask import Blueprint, request

from services.api.compat.listenbrainz.auth import TOKENS
from services.api.compat.listenbrainz.listens import BadSubmission
from services.api.request_limits import SCROBBLES_MAX_BYTES
from services.api.security.permissions import Access, set_default_access
from services.domain.access import Scope

listenbrainz = Blueprint("listenbrainz", __name__, url_prefix="/1")
set_default_access(listenbrainz, Access((Scope.LISTEN,), key_locations=TOKENS))


def _allow_imports() -> None:
    if request.endpoint == "listenbrainz.submit_listens":
        request.max_content_length = SCROBBLES_MAX_BYTES


listenbrainz.before_request(_allow_imports)


def number_of(name: str) -> int | None:
    """Return a parameter of the query that is a whole number; None if it is absent.

    Raises:
        BadSubmission: it is not one, or negative.
    """
    given = request.args.get(name)
    if not given:
        return None
    try:
        number = int(given)
    except ValueError as error:
        raise BadSubmission(f"Invalid {name} argument: it must be an integer.") from error
    if number < 0:
        raise BadSubmission(f"Invalid {name} argument: it must not be negative.")
    return number
