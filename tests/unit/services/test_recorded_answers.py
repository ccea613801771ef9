"""Recommendations, paths and radio sessions of a fixed library do not change unnoticed."""

import json

from tests.fakes.recorded import RECORD, answers


def test_fixed_questions_have_the_recorded_answers():
    """Run `python -m tests.fakes.recorded` to record them again after an intended change."""
    expected = json.loads(RECORD.read_text(encoding="utf-8"))

    assert answers() == expected
