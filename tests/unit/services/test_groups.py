"""What the groups of a person grant, and the file that says it."""

import pytest

from services.domain.access import Scope
from services.domain.errors import NotConfigured
from services.domain.people import Grant, Group, grant_of
from services.sign_in.groups import claim, read_groups

READ, LISTEN, INGEST, ADMIN = Scope
OWNERS = Group("owners", Grant(frozenset({ADMIN})))
KEEPERS = Group("keepers", Grant(frozenset({READ, INGEST}), frozenset({"jazz"})))
FAMILY = Group("family", Grant(frozenset({READ, LISTEN})))
GUESTS = Group("guests", Grant(frozenset({READ}), frozenset({"pop"})))
FRIENDS = Group("friends", Grant(frozenset({READ}), frozenset({"folk"})))
GROUPS = (OWNERS, KEEPERS, FAMILY, GUESTS, FRIENDS)


@pytest.mark.parametrize(
    ("member_of", "expected"),
    [
        (["strangers"], None),
        (["guests"], GUESTS.grant),
        (["friends", "guests"], Grant(frozenset({READ}), frozenset({"folk", "pop"}))),
        (["guests", "keepers"], KEEPERS.grant),  # `guests` may not ingest
        (["guests", "owners"], OWNERS.grant),
        (["guests", "family"], FAMILY.grant),
    ],
)
def test_groups_grant_scopes_and_libraries(member_of, expected):
    """The first group gives the scopes; libraries come from groups with at least these scopes."""
    assert grant_of(member_of, GROUPS) == expected


def test_a_later_group_adds_all_libraries():
    """A group without libraries may use all, if it has the scopes of the first."""
    assert grant_of(["friends", "family"], (FRIENDS, FAMILY)) == Grant(frozenset({READ}))
    assert grant_of(["guests", "owners"], (GUESTS, OWNERS)) == Grant(frozenset({READ}))


def test_everybody_is_in_a_group():
    """The group `*` has whoever can sign in."""
    assert grant_of([], [Group("*", GUESTS.grant)]) == GUESTS.grant


def test_a_claim_may_be_inside_another():
    """Providers put groups into a claim of their own, or into nested ones."""
    claims = {"groups": ["a"], "realm_access": {"roles": ["b"]}, "https://example.com/groups": ["c"]}

    assert claim(claims, "groups") == ["a"]
    assert claim(claims, "realm_access.roles") == ["b"]
    assert claim(claims, "https://example.com/groups") == ["c"]
    assert claim(claims, "groups.none") is None
    assert claim(claims, "none") is None


def test_the_file_of_groups(tmp_path):
    """Names, scopes and libraries are read in the order of the file."""
    path = tmp_path / "groups.toml"
    path.write_text('groups_claim = "roles"\n[groups.b]\n[groups."*"]\nscopes = ["read"]\nlibraries = ["Jazz"]\n')
    rules = read_groups(str(path))

    assert rules.groups == (Group("b", FAMILY.grant), Group("*", Grant(frozenset({READ}), frozenset({"jazz"}))))
    assert (rules.groups_claim, rules.listener_claim) == ("roles", "preferred_username")
    assert rules.groups_in({"roles": ["b", 1]}) == ["b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("groups = 1", "is wrong at `groups`"),
        ("[groups]", "is wrong at `groups`"),
        ("[groups.a]\nscope = ['read']", "is wrong at `groups.a.scope`"),
        ("[groups.a]\nscopes = ['write']", "is wrong at `groups.a.scopes.0`"),
        ("[groups.a]\nlibraries = []", "is wrong at `groups.a.libraries`"),
        ("[groups.a]\nscopes = ['admin']\nlibraries = ['Jazz']", "is wrong: A key that is bound to libraries"),
        ("[groups", "is wrong: "),
    ],
)
def test_a_wrong_file_of_groups_is_named(tmp_path, content, message):
    """The message names the variable, the file and the place."""
    path = tmp_path / "groups.toml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(NotConfigured) as caught:
        read_groups(str(path))

    assert caught.value.detail.startswith(f"SEGUE_OIDC_GROUPS: '{path}' {message}")
