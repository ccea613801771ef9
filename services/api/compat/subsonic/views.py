"""OpenSubsonic's methods for similar songs, and those that clients call to sign in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flask import Blueprint, Response, g

from services.api.compat.ids import ARTIST, Namespace, media_server_track, rejected_tracks, songs_of
from services.api.compat.subsonic import schemas
from services.api.compat.subsonic.auth import InvalidApiKey, MissingParameter, sign_in
from services.api.compat.subsonic.responses import song, success, wrong_format
from services.api.compat.subsonic.schemas import (
    SimilarSongsQuery,
    SonicPathQuery,
    SonicSimilarQuery,
    SubsonicQuery,
    UserQuery,
)
from services.api.context import services
from services.api.http.operation import operation
from services.api.security.permissions import Access, public, set_default_access
from services.domain.access import Scope
from services.domain.errors import Forbidden
from services.domain.filters import Filters, music_only
from services.domain.question import RESULTS_MAX, Exclusion, Question

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/rest"

SUFFIX = ".view"


class WithoutViewSuffix:
    """WSGI middleware that removes the suffix `.view`, so that each method has one route."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Call the application with the path without the suffix."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{PREFIX}/") and path.endswith(SUFFIX):
            environ["PATH_INFO"] = path.removesuffix(SUFFIX)
        return self._app(environ, start_response)


subsonic = Blueprint("subsonic", __name__, url_prefix=PREFIX)

EXTENSIONS = {"apiKeyAuthentication": [1], "formPost": [1], "sonicSimilarity": [1]}

Result = dict[str, Any]
"""The result of a method, under the method's field of the envelope."""

OTHER_FORMATS = {
    200: {
        "content": {
            "text/xml": {"schema": {"type": "string", "description": "The root element is `subsonic-response`."}},
            "text/javascript": {"schema": {"type": "string", "description": "A call of `callback` with the JSON."}},
        }
    }
}


class OtherUserForbidden(Forbidden):
    """The request is about another user."""

    def __init__(self) -> None:
        super().__init__("You can request your own user only.")


set_default_access(subsonic, Access((Scope.READ,), key_locations=(), expensive=True, sign_in=sign_in))
subsonic.before_request(wrong_format)


def ping(_: SubsonicQuery) -> Result:
    """Check that the service responds and that your credentials are valid."""
    return {}


def get_license(_: SubsonicQuery) -> Result:
    """Get the license, which is always valid: Segue needs no license key."""
    return {"license": schemas.SubsonicLicense().model_dump()}


def get_extensions(_: SubsonicQuery) -> Result:
    """Get the supported extensions of OpenSubsonic. You do not need to sign in."""
    known = [schemas.SubsonicExtension(name=name, versions=versions) for name, versions in EXTENSIONS.items()]
    return {"openSubsonicExtensions": [extension.model_dump() for extension in known]}


def get_user(query: UserQuery) -> Result:
    """Get the roles of your user. Segue grants none of Subsonic's roles."""
    if g.subsonic_user not in ("", query.username):
        raise OtherUserForbidden
    return {"user": schemas.SubsonicUser(username=query.username).model_dump()}


def token_info(query: SubsonicQuery) -> Result:
    """Get the user of an API key: the listener that it is bound to, or else the key's id."""
    if query.apiKey is None:
        raise MissingParameter("Required parameter is missing: apiKey.")
    if not g.subsonic_user:
        raise InvalidApiKey
    return {"tokenInfo": schemas.SubsonicTokenInfo(username=g.subsonic_user).model_dump()}


def get_similar_songs(query: SimilarSongsQuery) -> Result:
    """Get songs to play after a song, an album or an artist. The song or album itself is left out."""
    return {"similarSongs": {"song": _similar_songs(query)}}


def get_similar_songs_2(query: SimilarSongsQuery) -> Result:
    """Get the same songs as `getSimilarSongs`, because Segue organises music by tags and not by folders."""
    return {"similarSongs2": {"song": _similar_songs(query)}}


def get_sonic_similar_tracks(query: SonicSimilarQuery) -> Result:
    """Get the songs that are most similar to a song. The song itself is left out."""
    track_id, namespace = media_server_track(query.id)
    found = services().recommender.similar(
        track_id, limit=min(query.count, RESULTS_MAX), filters=music_only(Filters()), exclude=rejected_tracks()
    )
    return {"sonicMatch": _matches({each.track_id: each.score for each in found}, namespace)}


def find_sonic_path(query: SonicPathQuery) -> Result:
    """Get a smooth path from one song to another, both included. Similarities are relative to the first song."""
    (start, namespace), (end, _) = media_server_track(query.startSongId), media_server_track(query.endSongId)
    steps = services().paths.between(start, end, steps=min(query.count, RESULTS_MAX), filters=music_only(Filters()))
    return {"sonicMatch": _matches(_similarities(start, [step.track_id for step in steps]), namespace)}


@dataclass(frozen=True, slots=True)
class _Method:
    """A Subsonic method with its parameters and its description."""

    name: str
    query: type[SubsonicQuery]
    run: Callable[[Any], Result]
    summary: str
    is_public: bool = False


METHODS = (
    _Method("ping", SubsonicQuery, ping, "Check your credentials (OpenSubsonic)"),
    _Method("getLicense", SubsonicQuery, get_license, "Get the license (OpenSubsonic)"),
    _Method(
        "getOpenSubsonicExtensions",
        SubsonicQuery,
        get_extensions,
        "List the supported extensions (OpenSubsonic)",
        is_public=True,
    ),
    _Method("getUser", UserQuery, get_user, "Get a user (OpenSubsonic)"),
    _Method("tokenInfo", SubsonicQuery, token_info, "Get the user of an API key (OpenSubsonic)"),
    _Method("getSimilarSongs", SimilarSongsQuery, get_similar_songs, "Get songs to play next (OpenSubsonic)"),
    _Method(
        "getSimilarSongs2", SimilarSongsQuery, get_similar_songs_2, "Get songs to play next, by tags (OpenSubsonic)"
    ),
    _Method("getSonicSimilarTracks", SonicSimilarQuery, get_sonic_similar_tracks, "Get similar songs (OpenSubsonic)"),
    _Method("findSonicPath", SonicPathQuery, find_sonic_path, "Find a path between two songs (OpenSubsonic)"),
)


def _serve(method: _Method) -> None:
    """Add the routes of a method: GET with a query, and POST with a form."""
    for verb, ending in (("GET", ""), ("POST", "ByForm")):

        def view(query: SubsonicQuery | None = None, form: SubsonicQuery | None = None) -> Response:
            return success(method.run(query or form))

        if method.is_public:
            public(view)
        view.__name__ = f"{verb.lower()}_{method.name}"
        declare_operation = operation(
            f"subsonic{method.name[0].upper()}{method.name[1:]}{ending}",
            method.summary,
            description=f"{method.run.__doc__} The path with `.view` at the end works as well.",
            returns=schemas.SubsonicAnswer,
            meaning="The result, or `error` with its code; the status is 200 for both. `f` sets the format.",
            responses=OTHER_FORMATS,
            query=method.query if verb == "GET" else None,
            form=method.query if verb == "POST" else None,
        )
        described = declare_operation(view)
        subsonic.add_url_rule(f"/{method.name}", view.__name__, described, methods=[verb])


for served in METHODS:
    _serve(served)


def _similar_songs(query: SimilarSongsQuery) -> list[Result]:
    group = songs_of(query.id)
    if group is not None:
        # In Subsonic, the songs of an artist include the artist's own. Songs of an album are excluded like a song.
        seed, namespace, excluded = group, Namespace(), () if query.id.startswith(ARTIST) else group
    else:
        track_id, namespace = media_server_track(query.id)
        [analysed] = services().catalogue.tracks.ready([track_id]).values()
        seed = excluded = (analysed.id,)
    question = Question(limit=min(query.count, RESULTS_MAX), exclude=Exclusion(tracks=(*excluded, *rejected_tracks())))
    found = services().recommender.seeded([seed], question)
    return list(_songs([each.track_id for each in found], namespace).values())


def _matches(similarities: dict[str, float], namespace: Namespace) -> list[Result]:
    # The extension's similarities range from 0 to 1, but a cosine can be negative.
    return [
        {"entry": entry, "similarity": min(1.0, max(0.0, similarities[track_id]))}
        for track_id, entry in _songs(list(similarities), namespace).items()
    ]


def _songs(track_ids: Sequence[str], namespace: Namespace) -> dict[str, Result]:
    """Return songs by track id, in the same order; tracks that have left the library are absent."""
    known = services().catalogue.tracks.get_many(track_ids)
    return {track_id: song(known[track_id], namespace) for track_id in track_ids if track_id in known}


def _similarities(start: str, track_ids: Sequence[str]) -> dict[str, float]:
    """Return the cosine similarity of each track to `start`, which is one of them."""
    embedded = services().catalogue.tracks.embedded(track_ids)
    origin = embedded[start].vector.astype(np.float64)
    return {
        track_id: 1.0 if track_id == start else float(embedded[track_id].vector @ origin)
        for track_id in track_ids
        if track_id in embedded
    }
