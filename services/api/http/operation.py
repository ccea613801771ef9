"""Declaration of an operation, as a decorator of its view.

    @tracks.get("/tracks/<path:track_id>/similar")
    @operation("getSimilarTracks", "Get similar tracks", query=SimilarQuery, returns=SimilarTracks)
    @needs(Scope.READ, expensive=True)
    def get_similar(track_id: str, query: SimilarQuery) -> SimilarTracks:

The decorator validates the request, passes its models to the view and serializes the model that the view returns. The
OpenAPI document describes both; its description is the view's docstring.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic import BaseModel

from services.api.http.input import READERS

Document = dict[str, Any]
Model = type[BaseModel]
View = Callable[..., Any]

_OPERATION = "__segue_operation__"


@dataclass(frozen=True, slots=True)
class operation:  # noqa: N801  used as a decorator
    """An operation of the API; the view gets each part of the request as an argument, such as `query` or `body`."""

    id: str
    summary: str
    _: KW_ONLY
    query: Model | None = None
    body: Model | None = None
    upload: Model | None = None
    form: Model | None = None
    reads: Mapping[str, Model] = field(default_factory=dict)
    """Parts that the view reads itself: they are described but not validated."""
    returns: Model | None = None
    status: HTTPStatus = HTTPStatus.OK
    meaning: str = "Success"
    """Description of the response."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the response, with their descriptions."""
    responses: Mapping[int, Document] = field(default_factory=dict)
    """Further responses, in OpenAPI's format."""
    problems: tuple[HTTPStatus, ...] = ()
    """Further problems; most follow from the parts of the request."""
    description: str = ""

    def __call__(self, view: View) -> View:
        """Return the view with validation and serialization."""

        @wraps(view)
        def checked(**variables: object) -> Any:  # noqa: ANN401  whatever a view returns
            parts = {part: READERS[part](model) for part, model in self.checked.items()}
            return _response(view(**variables, **parts), self.status)

        setattr(checked, _OPERATION, replace(self, description=self.description or inspect.getdoc(view) or ""))
        return checked

    @property
    def checked(self) -> dict[str, Model]:
        """The models of the parts that are validated before the view runs."""
        parts = {"query": self.query, "body": self.body, "upload": self.upload, "form": self.form}
        return {part: model for part, model in parts.items() if model is not None}

    @property
    def inputs(self) -> dict[str, Model]:
        """The models of all parts of the request."""
        return {**self.checked, **self.reads}


def operation_of(view: View) -> operation | None:
    """Return the operation that a view declares, if any."""
    declared: operation | None = getattr(view, _OPERATION, None)
    return declared


def _response(returned: Any, status: HTTPStatus) -> Any:  # noqa: ANN401  whatever a view returns
    body, headers = returned if isinstance(returned, tuple) else (returned, {})
    if isinstance(body, BaseModel):
        return Response(body.model_dump_json(by_alias=True), status, headers, content_type="application/json")
    return Response(status=status, headers=headers) if body is None else returned
