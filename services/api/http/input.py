"""Reads the parts of a request and checks them against their models."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_origin

from flask import request
from pydantic import BaseModel, InstanceOf, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from services.api.schemas.service import FieldError
from services.domain.errors import InvalidRequest

Read = TypeVar("Read", bound=BaseModel)

UploadedFile = Annotated[InstanceOf[FileStorage], WithJsonSchema({"type": "string", "format": "binary"})]

# A thousand wrong events need not be listed one by one.
LISTED_ERRORS = 20


class InvalidFields(InvalidRequest):
    """Fields of a request are wrong; `errors` says which and why."""

    def __init__(self, errors: list[FieldError]) -> None:
        names = ", ".join(error.parameter or error.pointer or "#" for error in errors)
        why = f" {errors[0].detail}." if len(errors) == 1 else ""
        super().__init__(f"Wrong: {names}.{why}")
        self.errors = errors


def _read_body(model: type[Read]) -> Read:
    if not request.is_json:
        raise UnsupportedMediaType("The body must be JSON: send it as Content-Type: application/json.")
    try:
        return model.model_validate_json(request.get_data(), strict=True)
    except ValidationError as error:
        if (first := error.errors(include_url=False)[0])["type"] == "json_invalid":
            raise BadRequest(f"The body is not JSON. {first['msg']}.") from error
        raise _invalid(error, lambda found: FieldError(pointer=_pointer(found), detail=_detail(found))) from error


def _read_query(model: type[Read]) -> Read:
    return _read_values(model, request.args)


def _read_upload(model: type[Read]) -> Read:
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("The body must be a form with a file: Content-Type: multipart/form-data.")
    fields: MultiDict[str, Any] = MultiDict(request.form)
    fields.update(request.files)
    return _read_values(model, fields)


def _read_form(model: type[Read]) -> Read:
    """A form whose fields may stand in the query instead; of a field that stands there twice the first counts."""
    return _read_values(model, MultiDict(request.values.to_dict()))


READERS: dict[str, Callable[[type[BaseModel]], BaseModel]] = {
    "body": _read_body,
    "query": _read_query,
    "upload": _read_upload,
    "form": _read_form,
}
"""How each part of a request is read."""


def _read_values(model: type[Read], given: MultiDict[str, Any]) -> Read:
    # A field that takes one value and was given two gets both, and is refused for it.
    values = {name: each if len(each) > 1 or _takes_many(model, name) else each[0] for name, each in given.lists()}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _invalid(error, lambda found: FieldError(parameter=_parameter(found), detail=_detail(found))) from error


def _takes_many(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and get_origin(field.annotation) is list


def _invalid(error: ValidationError, describe: Callable[[ErrorDetails], FieldError]) -> InvalidFields:
    return InvalidFields(
        [describe(each) for each in error.errors(include_url=False, include_input=False)[:LISTED_ERRORS]]
    )


def _detail(found: ErrorDetails) -> str:
    return found["msg"].removeprefix("Value error, ").rstrip(".")


def _parameter(found: ErrorDetails) -> str | None:
    # A check of several fields together says itself which one it means.
    name: str | None = found.get("ctx", {}).get("parameter")
    return name or ".".join(map(str, found["loc"])) or None


def _pointer(found: ErrorDetails) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in found["loc"])
    return "/".join(("#", *steps))
