"""Messages about invalid requests name the field and the rule."""

import pytest
from flask import Flask

from services.api.http.operation import READERS, InvalidFields
from services.api.schemas.filters import SimilarQuery
from services.api.schemas.listens import ExternalIds, ListensIn
from services.api.schemas.recommendations import ListenerQuery, RecommendationRequest


def errors_of(part, model, **request):
    """Read a part of a request and return its errors."""
    with Flask(__name__).test_request_context("/", method="POST", **request), pytest.raises(InvalidFields) as raised:
        READERS[part](model)
    return raised.value


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("ids=1", "Unknown parameter `ids`."),
        ("limit=101", "`limit` must be at most 100."),
        ("limit=0", "`limit` must be at least 1."),
        ("limit=x", "`limit` must be a whole number."),
        ("limit=1&limit=2", "`limit` must be given only once."),
        ("min_energy=nan", "`min_energy` must be a finite number."),
        ("min_energy=2", "`min_energy` must be at most 1."),
        ("max_duration_ms=1e12", "`max_duration_ms` must be at most 1000000000."),
        ("genre=", "`genre.0` must not be empty."),
        ("min_tempo=90&max_tempo=80", "`min_tempo` must not be greater than `max_tempo`."),
        ("limit=0&ids=1", "`limit` must be at least 1; Unknown parameter `ids`."),
    ],
)
def test_a_parameter_is_named_with_its_rule(query, detail):
    """The message of a query parameter is a sentence about it."""
    assert errors_of("query", SimilarQuery, query_string=query).detail == detail


def test_a_union_names_its_parameter():
    """Branches of a union do not show in the parameter."""
    errors = errors_of("query", ListenerQuery, query_string="repeat_after_days=x").errors

    assert {error.parameter for error in errors} == {"repeat_after_days"}
    assert [error.detail for error in errors] == [
        "`repeat_after_days` must be a number",
        "`repeat_after_days` must be 'never'",
    ]


@pytest.mark.parametrize(
    ("model", "body", "detail", "pointer"),
    [
        (RecommendationRequest, '{"history": [], "x": 1}', "Unknown field `x`.", "#/x"),
        (RecommendationRequest, '{"history": [], "order": 3}', "`order` must be 'relevance', ", "#/order"),
        (
            RecommendationRequest,
            '{"history": [{"track_id": 5}]}',
            "`history.0.track_id` must be a string.",
            "#/history/0/track_id",
        ),
        (
            RecommendationRequest,
            '{"history": [], "filters": {"energy": {}}}',
            "`filters.energy`: Give `min`, `max` or both.",
            "#/filters/energy",
        ),
        (ListensIn, "{}", "`listens` is required.", "#/listens"),
        (ExternalIds, "[]", "The body must be an object.", "#"),
        (ExternalIds, '{"ids": {}}', "`ids` must not be empty.", "#/ids"),
    ],
)
def test_a_field_is_named_with_its_rule(model, body, detail, pointer):
    """The message of a body's field is a sentence about it; a JSON pointer locates it."""
    raised = errors_of("body", model, data=body, content_type="application/json")

    assert raised.detail.startswith(detail)
    assert [error.pointer for error in raised.errors] == [pointer]


def test_many_errors_are_shortened():
    """The message holds three of them; `errors` lists up to twenty."""
    raised = errors_of("query", SimilarQuery, query_string="&".join(f"x{number}=1" for number in range(30)))

    assert raised.detail.endswith("Unknown parameter `x2`; `errors` lists more.")
    assert len(raised.errors) == 20
