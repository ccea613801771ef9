"""What OpenSubsonic's clients ask about what sounds alike, and what they need to sign in."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from services.api.compat.paths import SUBSONIC_PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flask import Blueprint, Response, g

from services.api.compat.names import ARTIST, Namespace, media_server_track, songs_of
from services.api.compat.paths import SUBSONIC
from services.api.compat.subsonic import schemas
from services.api.compat.subsonic.access import sign_in
from services.api.compat.subsonic.auth import InvalidApiKey, MissingParameter
from services.api.compat.subsonic.objects import songs
from services.api.compat.subsonic.query import (
    SimilarSongsQuery,
    SonicPathQuery,
    SonicSimilarQuery,
    SubsonicQuery,
    UserQuery,
)
from services.api.compat.subsonic.render import success, wrong_format
from services.api.context import services
from services.api.http.operation import operation
from services.api.security.permissions import Access, public, set_default_access
from services.api.v1.audio_features import NotAnalysed
from services.api.v1.presenters import rejected_by_asker
from services.domain.access import Scope
from services.domain.errors import Forbidden
from services.domain.question import RESULTS_MAX, Exclusion, Question

SUFFIX = ".view"


class WithoutViewSuffix:
    """WSGI middleware that takes the suffix off: one route for both names."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request under the name without the suffix."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(SUBSONIC_PREFIX) and path.endswith(SUFFIX):
            environ["PATH_INFO"] = path.removesuffix(SUFFIX)
        return self._app(environ, start_response)


subsonic = Blueprint("subsonic", __name__, url_prefix=SUBSONIC)

EXTENSIONS = {"apiKeyAuthentication": [1], "formPost": [1], "sonicSimilarity": [1]}

Found = dict[str, Any]

OTHER_FORMATS = {
    200: {
        "content": {
            "text/xml": {"schema": {"type": "string", "description": "Root `subsonic-response`."}},
            "text/javascript": {"schema": {"type": "string", "description": "A call of `callback`."}},
        }
    }
}


class OtherUserForbidden(Forbidden):
    """A user requests data of another user."""

    def __init__(self) -> None:
        super().__init__("You can request your own user only.")


set_default_access(subsonic, Access((Scope.READ,), key_locations=(), expensive=True, sign_in=sign_in))
subsonic.before_request(wrong_format)


def ping(_: SubsonicQuery) -> Found:
    """Whether the service is there and the credentials are good."""
    return {}


def get_license(_: SubsonicQuery) -> Found:
    """Segue needs no licence key: it is always valid."""
    return {"license": schemas.SubsonicLicense().model_dump()}


def get_extensions(_: SubsonicQuery) -> Found:
    """The extensions of OpenSubsonic that are answered here; nobody needs to sign in for this."""
    known = [schemas.SubsonicExtension(name=name, versions=versions) for name, versions in EXTENSIONS.items()]
    return {"openSubsonicExtensions": [extension.model_dump() for extension in known]}


def get_user(asked: UserQuery) -> Found:
    """What the user may do: nothing but ask what is alike."""
    if g.subsonic_user not in ("", asked.username):
        raise OtherUserForbidden
    return {"user": schemas.SubsonicUser(username=asked.username).model_dump()}


def token_info(asked: SubsonicQuery) -> Found:
    """Whose API key it is."""
    if asked.apiKey is None:
        raise MissingParameter("Required parameter is missing: apiKey.")
    if not g.subsonic_user:
        raise InvalidApiKey
    return {"tokenInfo": schemas.SubsonicTokenInfo(username=g.subsonic_user).model_dump()}


def get_similar_songs(asked: SimilarSongsQuery) -> Found:
    """Songs to go on with after a song, an album or an artist; a song or an album itself is left out."""
    return {"similarSongs": {"song": _going_on(asked)}}


def get_similar_songs_2(asked: SimilarSongsQuery) -> Found:
    """The same as `getSimilarSongs`: Segue has tags only, no folders to organise by."""
    return {"similarSongs2": {"song": _going_on(asked)}}


def get_sonic_similar_tracks(asked: SonicSimilarQuery) -> Found:
    """Songs that feel like a song, most alike first; the song itself is left out."""
    track_id, namespace = media_server_track(asked.id)
    found = services().recommender.similar(track_id, limit=min(asked.count, RESULTS_MAX), exclude=rejected_by_asker())
    return {"sonicMatch": _matches({each.track_id: each.score for each in found}, namespace)}


def find_sonic_path(asked: SonicPathQuery) -> Found:
    """A smooth way from one song to another, both included; similarities are to the first."""
    (start, namespace), (end, _) = media_server_track(asked.startSongId), media_server_track(asked.endSongId)
    steps = services().paths.between(start, end, steps=min(asked.count, RESULTS_MAX))
    return {"sonicMatch": _matches(_alike(start, [step.track_id for step in steps]), namespace)}


@dataclass(frozen=True, slots=True)
class _Method:
    """A method of Subsonic's, as it is served and described."""

    name: str
    asked: type[SubsonicQuery]
    answer: Callable[[Any], Found]
    summary: str
    is_public: bool = False


METHODS = (
    _Method("ping", SubsonicQuery, ping, "Sign in to the OpenSubsonic methods"),
    _Method("getLicense", SubsonicQuery, get_license, "The licence that Subsonic's clients ask for"),
    _Method(
        "getOpenSubsonicExtensions", SubsonicQuery, get_extensions, "The extensions of OpenSubsonic", is_public=True
    ),
    _Method("getUser", UserQuery, get_user, "What a user of OpenSubsonic may do"),
    _Method("tokenInfo", SubsonicQuery, token_info, "Whose API key it is"),
    _Method("getSimilarSongs", SimilarSongsQuery, get_similar_songs, "Songs to go on with, in OpenSubsonic's shape"),
    _Method("getSimilarSongs2", SimilarSongsQuery, get_similar_songs_2, "Songs to go on with, by tags"),
    _Method("getSonicSimilarTracks", SonicSimilarQuery, get_sonic_similar_tracks, "Songs that feel like a song"),
    _Method("findSonicPath", SonicPathQuery, find_sonic_path, "A smooth path between two songs"),
)


def _serve(method: _Method) -> None:
    """Take the method's parameters from the query of a GET, or from the form of a POST."""
    for verb, ending in (("GET", ""), ("POST", "ByForm")):

        def view(query: SubsonicQuery | None = None, form: SubsonicQuery | None = None) -> Response:
            return success(method.answer(query or form))

        if method.is_public:
            public(view)
        view.__name__ = f"{verb.lower()}_{method.name}"
        declare_operation = operation(
            f"subsonic{method.name[0].upper()}{method.name[1:]}{ending}",
            method.summary,
            description=f"{method.answer.__doc__} `{method.name}.view` is the same.",
            returns=schemas.SubsonicAnswer,
            meaning="What was found, or `error` with its code: HTTP calls both a success. The format is `f`.",
            responses=OTHER_FORMATS,
            query=method.asked if verb == "GET" else None,
            form=method.asked if verb == "POST" else None,
        )
        described = declare_operation(view)
        subsonic.add_url_rule(f"/{method.name}", view.__name__, described, methods=[verb])


for served in METHODS:
    _serve(served)


def _going_on(asked: SimilarSongsQuery) -> list[Found]:
    together = songs_of(asked.id)
    if together is not None:
        # An artist's own songs belong to its radio, as Subsonic has it; an album was heard.
        seed, namespace, excluded = together, Namespace(), () if asked.id.startswith(ARTIST) else together
    else:
        track_id, namespace = media_server_track(asked.id)
        if not services().catalogue.tracks.embedded([track_id]):
            raise NotAnalysed(services().catalogue.tracks.get(track_id))
        seed, excluded = (track_id,), (track_id,)
    question = Question(
        limit=min(asked.count, RESULTS_MAX), exclude=Exclusion(tracks=(*excluded, *rejected_by_asker()))
    )
    found = services().recommender.seeded([seed], question)
    return list(songs((each.track_id for each in found), namespace).values())


def _matches(similarities: dict[str, float], namespace: Namespace) -> list[Found]:
    # The extension's scale ends at 0 for what is most different; a cosine goes on to −1.
    return [
        {"entry": song, "similarity": min(1.0, max(0.0, similarities[track_id]))}
        for track_id, song in songs(similarities, namespace).items()
    ]


def _alike(start: str, track_ids: Sequence[str]) -> dict[str, float]:
    """Cosines of tracks to the first of them, which is itself among them."""
    embedded = services().catalogue.tracks.embedded(track_ids)
    origin = embedded[start].vector.astype(np.float64)
    return {
        track_id: 1.0 if track_id == start else float(embedded[track_id].vector @ origin)
        for track_id in track_ids
        if track_id in embedded
    }
