"""Build the OpenAPI document from the routes, their declared operations and their declared access."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from flask import Flask, Response, request
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from services.api.compat.audiomuse.schemas import MuseError
from services.api.compat.audioscrobbler.schemas import AudioscrobblerError
from services.api.compat.listenbrainz.schemas import ScrobblerError
from services.api.compat.spotify.schemas import SpotifyError
from services.api.context import EXTENSION
from services.api.http.operation import operation, operation_of
from services.api.openapi import responses
from services.api.openapi.compat_examples import COMPAT_EXAMPLES
from services.api.openapi.examples import V1_EXAMPLES
from services.api.schemas.listens import RULE
from services.api.schemas.service import MEDIA_TYPE, NotReady, Problem
from services.api.security.permissions import Access, access_of, public

DESCRIPTION = (
    "Music recommendation by how music feels: send a listening history, get the next tracks.\n\n"
    "Every parameter that takes a track id also takes an external id (`namespace:value`, such as `isrc:USRC17607839`). "
    f"Errors are RFC 9457 problems (`{MEDIA_TYPE}`), except in the APIs that are compatible with others.\n\n"
    "A key needs one of the scopes that an operation lists; `admin` includes all scopes. No key is needed if only "
    "the machine itself can reach the service."
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of operations, by their blueprints."""

    name: str
    description: str
    blueprints: tuple[str, ...]


TAGS = (
    Tag("Recommendations", "What to play next.", ("recommendations",)),
    Tag("Search", "Find music by a text, a clip or a picture.", ("search", "media")),
    Tag("Pictures", "Pictures of your folders that go with tracks or with words.", ("pictures",)),
    Tag("Map", "Every track as a point in the plane.", ("map",)),
    Tag("Radio", "Endless sessions that adapt to what is played and skipped.", ("radio",)),
    Tag("Playlists", "Ordered tracks of a listener, smart playlists, and playlists in files.", ("playlists",)),
    Tag(
        "Listeners",
        "Stored listen events, tastes, and recommendations from them.",
        ("me", "users", "playing", "tastes", "own_data"),
    ),
    Tag(
        "Library",
        "Tracks, albums, artists and genres, named libraries, and audio.",
        ("tracks", "library", "libraries", "quotas", "own_features", "audio", "covers", "media_tokens"),
    ),
    Tag(
        "ListenBrainz",
        "ListenBrainz's API for scrobblers. Set the API root to the address of this service, and the token to an API "
        "key that is bound to a listener (or to the listener's name, if no keys are needed).",
        ("listenbrainz",),
    ),
    Tag(
        "Audioscrobbler",
        "The protocol of scrobblers for Last.fm, versions 2.0 and 1.2. Users are the accounts of listeners.",
        ("audioscrobbler", "audioscrobbler_1"),
    ),
    Tag("Jobs", "Scans and uploads, which run in the background.", ("jobs",)),
    Tag("Experiments", "Variants of the ranking, compared on listeners.", ("experiments",)),
    Tag("Comparisons", "Blind comparisons: which of two tracks fits better?", ("comparisons",)),
    Tag("Tables", "The library as tables, for analysts.", ("export",)),
    Tag("Service", "Status, failed files, health and metrics.", ("service", "events", "health", "")),
    Tag("Keys", "API keys of players and other clients.", ("keys",)),
    Tag("Sign-in", "Sign-in of people with an OpenID Connect provider.", ("session", "people")),
    Tag(
        "Compatibility",
        "Parts of the APIs of Spotify, OpenSubsonic and AudioMuse-AI, with their formats of requests and responses.",
        ("spotify", "subsonic", "audiomuse"),
    ),
)

PATH_PARAMETERS = {
    "table": "Name of a table, such as `tracks`.",
    "track_id": "A track id or an external id, `namespace:value`.",
    "album_id": "The id of an album.",
    "artist_id": "The id of an artist.",
    "experiment": "The name of an experiment.",
    "job_id": "The id of a job.",
    "picture_id": "The id of a picture.",
    "playlist_id": "The id of a playlist.",
    "library": "The name of a named library.",
    "session_id": "The id of a radio session.",
    "user": f"A listener: {RULE}.",
    "listen_id": "The id of a listen event.",
    "key_id": "The id of an API key.",
    "taste_id": "The id of a taste.",
    "comparison_id": "The id of a comparison.",
    "feature": "A namespace such as `mine`; to remove one feature, its name such as `mine.energy`.",
}


@dataclass(frozen=True, slots=True)
class ErrorFormat:
    """Error responses of a blueprint of another API."""

    error: type[BaseModel] | None
    """None if errors have the status 200."""
    errors: Mapping[HTTPStatus, str]
    in_xml: bool = False
    """Whether clients may get errors in XML too."""


COMPAT_ERRORS = {
    HTTPStatus.BAD_REQUEST: "A parameter is missing or invalid",
    HTTPStatus.UNAUTHORIZED: "No valid API key",
    HTTPStatus.FORBIDDEN: "The `Host` header is not allowed",
    HTTPStatus.NOT_FOUND: "The library has nothing with this id or name",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal Server Error",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not respond",
}

ERROR_FORMATS = {
    "subsonic": ErrorFormat(None, {}),
    "spotify": ErrorFormat(SpotifyError, COMPAT_ERRORS),
    "audiomuse": ErrorFormat(MuseError, COMPAT_ERRORS),
    "audioscrobbler_1": ErrorFormat(None, {}),
    "audioscrobbler": ErrorFormat(
        AudioscrobblerError,
        {
            HTTPStatus.BAD_REQUEST: "The method, a parameter or the signature is invalid",
            HTTPStatus.UNAUTHORIZED: "The password or the session key is wrong",
            HTTPStatus.FORBIDDEN: "The `Host` header is not allowed, or the account is not that of the listener",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The form is too large",
            HTTPStatus.TOO_MANY_REQUESTS: "Too many requests, or too many wrong passwords; see `Retry-After`",
            HTTPStatus.INTERNAL_SERVER_ERROR: "Internal Server Error",
            HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not respond; retry later",
        },
        in_xml=True,
    ),
    "listenbrainz": ErrorFormat(
        ScrobblerError,
        {
            HTTPStatus.BAD_REQUEST: "ListenBrainz would refuse this request, too",
            HTTPStatus.UNAUTHORIZED: "No valid token",
            HTTPStatus.FORBIDDEN: "The `Host` header is not allowed, or another site's page sent the request",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "More than 1,000 listens of 10,240 bytes",
            HTTPStatus.TOO_MANY_REQUESTS: "Too many requests, or too many invalid tokens; see `Retry-After`",
            HTTPStatus.INTERNAL_SERVER_ERROR: "Internal Server Error",
            HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not respond; retry later",
        },
    ),
}


def info() -> dict[str, Any]:
    """Return title, version, description and licence of the API."""
    return {
        "title": "Segue",
        "version": version("segue"),
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def tag_of(blueprint: str) -> str:
    """Return the tag of a blueprint's operations."""
    return next(tag.name for tag in TAGS if blueprint in tag.blueprints)


Document = dict[str, Any]
Model = type[BaseModel]

ROUTE_VARIABLE: re.Pattern[str] = re.compile(r"<(?:[^<:]+:)?([^>]+)>")

MEDIA_OF_PART = {
    "body": "application/json",
    "upload": "multipart/form-data",
    "form": "application/x-www-form-urlencoded",
}


PREFIXES_MAX = 8
"""Documents that are kept: proxies may serve Segue below several paths, and clients may send any prefix."""

EXAMPLES = {**V1_EXAMPLES, **COMPAT_EXAMPLES}


@dataclass(frozen=True, slots=True)
class _Route:
    rule: Rule
    method: str
    declared: operation
    access: Access

    @property
    def path(self) -> str:
        return ROUTE_VARIABLE.sub(r"{\1}", str(self.rule.rule))

    @property
    def blueprint(self) -> str:
        return str(self.rule.endpoint).rpartition(".")[0]


def install_document(app: Flask) -> None:
    """Serve the document at /openapi.json; it is built at the first request."""
    described = cache(lambda: _document(app))

    @lru_cache(maxsize=PREFIXES_MAX)
    def written(root: str) -> tuple[bytes, str]:
        content = json.dumps({**described(), "servers": [{"url": root or "/"}]}, ensure_ascii=False).encode()
        return content, hashlib.sha256(content).hexdigest()[:32]

    def show() -> Response:
        content, tag = written(request.script_root)
        response = Response(content, content_type="application/json", headers={"Cache-Control": "no-cache"})
        response.set_etag(tag, weak=True)
        response.make_conditional(request)
        return response

    app.add_url_rule("/openapi.json", "openapi", public(show))


def _document(app: Flask) -> Document:
    routes = list(_routes(app))
    schemas = _Schemas(routes)
    needs_keys = app.extensions[EXTENSION].settings.needs_keys
    paths: Document = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, needs_keys=needs_keys)
    return {
        "openapi": "3.1.0",
        "info": info(),
        "tags": [{"name": tag.name, "description": tag.description} for tag in TAGS],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": responses.shared(schemas.of(Problem)),
            "securitySchemes": responses.security_schemes(route.access for route in routes),
        },
    }


def _routes(app: Flask) -> Iterator[_Route]:
    for rule in app.url_map.iter_rules():
        declared, access = operation_of(app.view_functions[rule.endpoint]), access_of(app, rule.endpoint)
        if declared is not None and access is not None:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield _Route(rule, method, declared, access)


class _Schemas:
    """The schemas of all models, each under its class's name."""

    def __init__(self, routes: list[_Route]) -> None:
        operations = [route.declared for route in routes]
        errors = [each.error for each in ERROR_FORMATS.values() if each.error is not None]
        read = [model for each in operations for model in each.inputs.values()]
        returned = [each.returns for each in operations if each.returns is not None]
        modes: dict[tuple[Model, JsonSchemaMode], None] = {(model, "validation"): None for model in read}
        written: list[Model] = [*returned, *errors, Problem, NotReady]
        modes |= {(model, "serialization"): None for model in written}
        self._refs, found = models_json_schema(list(modes), ref_template="#/components/schemas/{model}")
        self.components: Document = found["$defs"]
        # A query becomes parameters. A form also needs its schema.
        forms = {each.inputs["form"] for each in operations if "form" in each.inputs}
        queries = {each.inputs["query"] for each in operations if "query" in each.inputs}
        self._fields = {model: self.components[model.__name__] for model in queries}
        for model in queries - forms:
            del self.components[model.__name__]

    def of(self, model: Model, mode: JsonSchemaMode = "serialization") -> Document:
        """Return a reference to a model's schema."""
        return dict(self._refs[model, mode])

    def fields(self, model: Model) -> Iterator[tuple[str, Document, bool]]:
        """Yield name and schema of each field of a query, and whether it is required."""
        schema = self._fields[model]
        for name, field in schema["properties"].items():
            yield name, dict(field), name in schema.get("required", ())


def _operation(route: _Route, schemas: _Schemas, *, needs_keys: bool) -> Document:
    declared = route.declared
    described: Document = {
        "operationId": declared.id,
        "summary": declared.summary,
        "description": declared.description,
        "tags": [tag_of(route.blueprint)],
        "security": responses.security(route.access, needs_keys=needs_keys),
        "parameters": [*_path_parameters(route), *_query_parameters(declared, schemas)],
        "responses": _success(declared, schemas),
        **({} if declared.deprecated is None else {"deprecated": True}),
    }
    for part, media in MEDIA_OF_PART.items():
        if part in declared.inputs:
            content = {"schema": schemas.of(declared.inputs[part], "validation")}
            if (example := EXAMPLES[declared.id].body) is not None:
                content["example"] = example
            # A form's fields may be in the query instead.
            described["requestBody"] = {"required": part != "form", "content": {media: content}}
    responses.add_repeatability(described, route.method, route.access)
    error_format = ERROR_FORMATS.get(route.blueprint)
    if error_format is None:
        described["responses"] |= responses.problems(described, declared, route.access)
    elif error_format.error is not None:
        described["responses"] |= responses.formatted_errors(
            schemas.of(error_format.error), error_format.errors, in_xml=error_format.in_xml
        )
    described["responses"] |= responses.refused_by_server()
    return described


def _path_parameters(route: _Route) -> Iterator[Document]:
    for name in ROUTE_VARIABLE.findall(str(route.rule.rule)):
        kind = "integer" if f"<int:{name}>" in route.rule.rule else "string"
        yield _parameter(
            route.declared, "path", name, {"type": kind, "description": PATH_PARAMETERS[name]}, required=True
        )


def _query_parameters(declared: operation, schemas: _Schemas) -> Iterator[Document]:
    if "query" in declared.inputs:
        for name, schema, required in schemas.fields(declared.inputs["query"]):
            yield _parameter(declared, "query", name, schema, required=required)


def _parameter(declared: operation, place: str, name: str, schema: Document, *, required: bool) -> Document:
    values = EXAMPLES[declared.id].parameters
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": schema.pop("description"),
        "schema": schema,
        **({"example": values[name]} if name in values else {}),
    }


def _success(declared: operation, schemas: _Schemas) -> Document:
    content = {}
    if declared.returns is not None:
        content["application/json"] = {"schema": schemas.of(declared.returns)}
    headers = {
        name: {"description": meaning, "required": True, "schema": {"type": "string"}}
        for name, meaning in declared.headers.items()
    }
    described: Document = {
        str(declared.status.value): {"description": declared.meaning, "content": content, "headers": headers}
    }
    for status, more in declared.responses.items():
        own = described.setdefault(str(status), {"content": {}, "headers": {}})
        own |= {**more, "content": own["content"] | more.get("content", {})}
    example = EXAMPLES[declared.id].response
    if example is not None:
        media = "application/json" if declared.returns is not None else "text/plain"
        described[str(declared.status.value)]["content"][media]["example"] = example
    for response in described.values():
        response["headers"] = response["headers"] | responses.REQUEST_ID
    return described
