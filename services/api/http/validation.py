"""Checks what comes in against its schema, in place of APIFlask's own adapter for pydantic models.

Its own loses repeated query parameters, takes any content type for JSON, and flattens where an error was.
"""

from typing import Any, get_origin

from apiflask.schema_adapters import registry
from apiflask.schema_adapters.pydantic import PydanticAdapter
from flask import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from services.api.schemas.service import FieldError
from services.domain.errors import InvalidRequest

# A thousand wrong events need not be listed one by one.
LISTED_ERRORS = 20


class InvalidFields(InvalidRequest):
    """Fields of a request are wrong; `errors` says which and why."""

    def __init__(self, errors: list[FieldError]) -> None:
        names = ", ".join(error.parameter or error.pointer or "#" for error in errors)
        why = f" {errors[0].detail}." if len(errors) == 1 else ""
        super().__init__(f"Wrong: {names}.{why}")
        self.errors = errors


class CheckedAdapter(PydanticAdapter):
    """Bodies are JSON by content type and checked without conversions; query parameters may be repeated."""

    def validate_input(self, request: Request, location: str, **_: object) -> BaseModel:
        """The request's part as its model.

        Raises:
            InvalidFields: something in it is wrong.
            BadRequest: the body does not parse.
            UnsupportedMediaType: the body is no JSON, or no form.
        """
        try:
            if location == "json":
                return self._from_json(request)
            if location == "files":
                return self._from_form(request)
            if location == "form":  # what a form does not hold may stand in the query
                return self.model_class.model_validate(request.values.to_dict())
            return self.model_class.model_validate(self._values(request.args))
        except ValidationError as error:
            if (first := error.errors(include_url=False)[0])["type"] == "json_invalid":
                raise BadRequest(f"The body is not JSON. {first['msg']}.") from error
            raise InvalidFields(_field_errors(error, in_body=location == "json")) from error

    def _from_json(self, request: Request) -> BaseModel:
        if not request.is_json:
            raise UnsupportedMediaType("The body must be JSON: send it as Content-Type: application/json.")
        return self.model_class.model_validate_json(request.get_data(), strict=True)

    def _from_form(self, request: Request) -> BaseModel:
        if request.mimetype != "multipart/form-data":
            raise UnsupportedMediaType("The body must be a form with a file: Content-Type: multipart/form-data.")
        fields: MultiDict[str, Any] = MultiDict(request.form)
        fields.update(request.files)
        return self.model_class.model_validate(self._values(fields))

    def _values(self, given: MultiDict[str, Any]) -> dict[str, Any]:
        # A field that takes one value and was given two gets both, and is refused for it.
        return {
            name: values if len(values) > 1 or self._takes_many(name) else values[0] for name, values in given.lists()
        }

    def _takes_many(self, name: str) -> bool:
        field = self.model_class.model_fields.get(name)
        return field is not None and get_origin(field.annotation) is list


def _field_errors(error: ValidationError, *, in_body: bool) -> list[FieldError]:
    return [
        FieldError(
            pointer=_pointer(found) if in_body else None,
            parameter=None if in_body else _parameter(found),
            detail=found["msg"].removeprefix("Value error, ").rstrip("."),
        )
        for found in error.errors(include_url=False, include_input=False)[:LISTED_ERRORS]
    ]


def _parameter(found: ErrorDetails) -> str | None:
    # A check of several fields together says itself which one it means.
    name: str | None = found.get("ctx", {}).get("parameter")
    return name or ".".join(map(str, found["loc"])) or None


def _pointer(found: ErrorDetails) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in found["loc"])
    return "/".join(("#", *steps))


registry.register("pydantic", CheckedAdapter)
