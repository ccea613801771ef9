"""People who sign in with an OpenID Connect provider, their sessions, and what their groups grant them.

The secret of a session is as random as that of an API key, so the same fast hash protects it: `services.domain.access`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.access import SESSION_PREFIX, Principal, Scope, check_new_key

EVERYBODY = "*"
"""The group that everybody is in who can sign in at the provider."""

ROTATE_EVERY = timedelta(hours=1)
"""How long a browser keeps the secret of a session. A stolen one is of no use after that."""

GRACE = timedelta(minutes=2)
"""How long the last secret is accepted too, because a page sends requests at the same time."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person may do."""

    scopes: frozenset[Scope]
    libraries: frozenset[str] | None = None
    """Ids of libraries; None is all."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the people of a group may do."""

    name: str
    grant: Grant


def grant_of(member_of: Iterable[str], groups: Sequence[Group]) -> Grant | None:
    """Return what somebody in these groups may do; None if no group grants anything.

    The first of the groups gives the scopes. Libraries of further groups are added if those groups have all of these
    scopes, so that nobody gets more in a library than a group grants.
    """
    names = {*member_of, EVERYBODY}
    grants = [group.grant for group in groups if group.name in names]
    if not grants:
        return None
    scopes = grants[0].scopes
    added = [grant.libraries for grant in grants if grant.scopes >= scopes or Scope.ADMIN in grant.scopes]
    named = [libraries for libraries in added if libraries is not None]
    return Grant(scopes, frozenset().union(*named) if len(named) == len(added) else None)


def check_group(group: Group) -> None:
    """Check what a group grants by the rules for keys.

    Raises:
        InvalidRequest: a group with `admin` is bound to libraries.
    """
    check_new_key(group.name, group.grant.scopes, (), group.grant.libraries or ())


@dataclass(frozen=True, slots=True)
class Attempt:
    """What all steps of one sign-in must have in common. The browser keeps it in a signed cookie."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs in, as the provider says."""

    issuer: str
    subject: str
    listener: str
    """The listener that they become if they sign in for the first time."""
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in."""

    listener: str
    """The listener whose history is theirs."""
    name: str
    """The name to show."""
    created_at: datetime
    signed_in_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in of a person in one browser."""

    id: str
    listener: str
    name: str
    grant: Grant
    expires_at: datetime

    @property
    def principal(self) -> Principal:
        """The person as a sender of requests. Who has not `admin` reaches their own data only."""
        own = None if Scope.ADMIN in self.grant.scopes else frozenset({self.listener})
        return Principal(SESSION_PREFIX + self.id, self.grant.scopes, own, self.grant.libraries)
