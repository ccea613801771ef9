"""Declaration of an operation, as a decorator of its view, and validation of its request.

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
from typing import Annotated, Any, TypeVar, get_origin

from flask import Response, g, make_response, request
from pydantic import BaseModel, InstanceOf, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from services.api.http.deprecation import Deprecation
from services.api.schemas.service import FieldError
from services.domain.errors import InvalidRequest
from services.domain.validation import MESSAGES

Read = TypeVar("Read", bound=BaseModel)

UploadedFile = Annotated[InstanceOf[FileStorage], WithJsonSchema({"type": "string", "format": "binary"})]

# A request may have a thousand invalid events; the first errors are enough to find the cause.
LISTED_ERRORS = 20
DETAILED_ERRORS = 3


class InvalidFields(InvalidRequest):
    """Fields of a request are invalid; `errors` lists them."""

    def __init__(self, errors: list[FieldError]) -> None:
        listed = "; ".join(error.detail for error in errors[:DETAILED_ERRORS])
        more = "; `errors` lists more" if len(errors) > DETAILED_ERRORS else ""
        super().__init__(f"{listed}{more}.")
        self.errors = errors


def _read_body(model: type[Read]) -> Read:
    if not request.is_json:
        raise UnsupportedMediaType("The body must be JSON: send it as Content-Type: application/json.")
    try:
        return model.model_validate_json(request.get_data(), strict=True)
    except ValidationError as error:
        if (first := error.errors(include_url=False)[0])["type"] == "json_invalid":
            raise BadRequest(f"The body is not JSON. {first['msg']}.") from error
        raise _invalid(
            error, lambda found: FieldError(pointer=_pointer(found), detail=_detail(found, "field"))
        ) from error


def _read_query(model: type[Read]) -> Read:
    given = MultiDict(request.args)
    if "access" in g and g.access.media:
        given.poplist("token")  # the media token, which was checked already
    return _read_values(model, given)


def _read_upload(model: type[Read]) -> Read:
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("The body must be a form with a file: Content-Type: multipart/form-data.")
    fields: MultiDict[str, Any] = MultiDict(request.form)
    fields.update(request.files)
    return _read_values(model, fields)


def _read_form(model: type[Read]) -> Read:
    """Read a form whose fields may be in the query instead. Of a field with one value, the first one counts."""
    given = {name: each if _takes_many(model, name) else each[:1] for name, each in request.values.lists()}
    return _read_values(model, MultiDict(given))


READERS: dict[str, Callable[[type[BaseModel]], BaseModel]] = {
    "body": _read_body,
    "query": _read_query,
    "upload": _read_upload,
    "form": _read_form,
}
"""The reader of each part of a request."""


def _read_values(model: type[Read], given: MultiDict[str, Any]) -> Read:
    # A field with one value that is given twice gets a list, which its type refuses.
    values = {name: each if len(each) > 1 or _takes_many(model, name) else each[0] for name, each in given.lists()}
    repeated = {name for name, value in values.items() if isinstance(value, list) and not _takes_many(model, name)}

    def described(found: ErrorDetails) -> FieldError:
        if found["loc"] and found["loc"][0] in repeated:
            found["type"] = "repeated"
        return FieldError(parameter=_parameter(found), detail=_detail(found, "parameter"))

    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _invalid(error, described) from error


def _takes_many(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and get_origin(field.annotation) is list


def _invalid(error: ValidationError, describe: Callable[[ErrorDetails], FieldError]) -> InvalidFields:
    return InvalidFields(
        [describe(each) for each in error.errors(include_url=False, include_input=False)[:LISTED_ERRORS]]
    )


def _detail(found: ErrorDetails, kind: str) -> str:
    name = f"`{_parameter(found)}`" if _parameter(found) else "The body"
    template = MESSAGES.get(found["type"])
    if template is not None:
        return template.format(name=name, kind=kind, **_without_fractions(found.get("ctx", {})))
    # A message of our own: a sentence, or the end of one.
    message = found["msg"].removeprefix("Value error, ").rstrip(".")
    if message.startswith("must "):
        return f"{name} {message}"
    return f"{name}: {message}" if found["type"] == "value_error" and found["loc"] else message


def _without_fractions(context: dict[str, Any]) -> dict[str, Any]:
    """Return the context with 1.0 as 1."""
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in context.items()
    }


def _name(found: ErrorDetails) -> str:
    """Return the field's path: `history.0.at`; without what pydantic adds for a key or a branch of a union."""
    steps = [str(step) for step in found["loc"]]
    return ".".join(step for step in steps if not step.startswith(("[", "constrained-", "literal[")))


def _parameter(found: ErrorDetails) -> str | None:
    # A check of several fields names the parameter itself.
    name: str | None = found.get("ctx", {}).get("parameter")
    return name or _name(found) or None


def _pointer(found: ErrorDetails) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in found["loc"])
    return "/".join(("#", *steps))


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
    deprecated: Deprecation | None = None

    def __call__(self, view: View) -> View:
        """Return the view with validation and serialization."""

        @wraps(view)
        def checked(**variables: object) -> Any:  # noqa: ANN401  whatever a view returns
            parts = {part: READERS[part](model) for part, model in self.checked.items()}
            response = _response(view(**variables, **parts), self.status)
            if self.deprecated is None:
                return response
            announced = make_response(response)
            announced.headers.extend(self.deprecated.headers(request.script_root))
            return announced

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
