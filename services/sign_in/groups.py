"""The file that says what each group of the provider may do."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.domain.access import Scope
from services.domain.names import text_key
from services.domain.people import Grant, Group, check_group
from services.settings.toml_files import explained, read_toml

_STRICT = ConfigDict(extra="forbid")


class _Group(BaseModel):
    model_config = _STRICT

    scopes: list[Scope] = Field(default=[Scope.READ, Scope.LISTEN], min_length=1)
    libraries: list[str] | None = Field(default=None, min_length=1)

    @property
    def grant(self) -> Grant:
        """What the group grants."""
        return Grant(
            frozenset(self.scopes), None if self.libraries is None else frozenset(map(text_key, self.libraries))
        )


class _File(BaseModel):
    model_config = _STRICT

    groups_claim: str = "groups"
    listener_claim: str = "preferred_username"
    groups: dict[str, _Group] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class GroupRules:
    """What the claims of a person mean: which are their groups and their listener, and what a group may do."""

    groups_claim: str
    listener_claim: str
    groups: tuple[Group, ...]

    def groups_in(self, claims: dict[str, Any]) -> list[str]:
        """Return the groups in the claims of a person."""
        found = claim(claims, self.groups_claim)
        return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def claim(claims: dict[str, Any], name: str) -> object:
    """Return a claim; a name with dots, such as `realm_access.roles`, is one inside of others."""
    if name in claims:
        return claims[name]
    outer, _, inner = name.partition(".")
    nested = claims.get(outer)
    return claim(nested, inner) if inner and isinstance(nested, dict) else None


def read_groups(path: str) -> GroupRules:
    """Read the file of groups.

    Raises:
        NotConfigured: it cannot be read, or is wrong.
    """
    with explained("SEGUE_OIDC_GROUPS", path):
        found = _File.model_validate(read_toml(path))
        groups = tuple(Group(name, each.grant) for name, each in found.groups.items())
        for group in groups:
            check_group(group)
    return GroupRules(found.groups_claim, found.listener_claim, groups)
