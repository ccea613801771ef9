"""Passwords of accounts."""

import pytest

from services.domain.accounts import InvalidPassword, check_password, new_password


def test_new_passwords_differ_and_are_easy_to_type():
    """Each has four groups of five letters and digits, none of which looks like another."""
    made = {new_password() for _ in range(50)}

    assert len(made) == 50
    for password in made:
        check_password(password)
        assert [len(group) for group in password.split("-")] == [5, 5, 5, 5]
        assert not {*password} & {*"01ilo"}


@pytest.mark.parametrize("password", ["", "7 chars", "x" * 201, "with\na line break", "with a surrogate \ud800"])
def test_an_invalid_password_is_refused(password):
    """The message says what a password must have."""
    with pytest.raises(InvalidPassword, match="8 to 200 characters"):
        check_password(password)
