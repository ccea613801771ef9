"""Requests and responses about signing in and out, and about people who did."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from services.api.schemas.tracks import Request, Response
from services.domain import people

VIEW_MAX = 500


class Person(Response):
    """Somebody who has signed in."""

    listener: str = Field(description="The listener whose history is theirs.")
    name: str = Field(description="The name to show.")
    created_at: datetime = Field(description="When they signed in for the first time.")
    signed_in_at: datetime = Field(description="When they signed in last.")

    @classmethod
    def of(cls, found: people.Person) -> Self:
        """Return the response for a person."""
        return cls(
            listener=found.listener, name=found.name, created_at=found.created_at, signed_in_at=found.signed_in_at
        )


class People(Response):
    """Everybody who has signed in, by listener."""

    people: list[Person]


class OwnSession(Response):
    """A sign-in in this browser."""

    listener: str = Field(description="The listener whose history is theirs.")
    name: str = Field(description="The name to show.")
    expires_at: datetime = Field(description="When they have to sign in again.")

    @classmethod
    def of(cls, found: people.Session) -> Self:
        """Return the response for a session."""
        return cls(listener=found.listener, name=found.name, expires_at=found.expires_at)


class SessionState(Response):
    """Whether people can sign in here, and who has in this browser."""

    start_url: str | None = Field(description="Where people sign in. Null if no provider is set.")
    session: OwnSession | None = Field(description="Null if nobody has signed in in this browser.")

    @classmethod
    def of(cls, found: people.Session | None, start_url: str | None) -> Self:
        """Return the response for the session of a request."""
        return cls(start_url=start_url, session=None if found is None else OwnSession.of(found))


class SignedOut(Response):
    """The session has ended here."""

    provider_url: str | None = Field(
        description="Where to go to sign out of the provider too. Null if there is no such address, or nobody was "
        "signed in."
    )


class StartQuery(Request):
    """Where to come back to."""

    view: str = Field(
        default="#/",
        max_length=VIEW_MAX,
        pattern=r"^#/[^\x00-\x1f]*$",
        description="The view of the page to show after the sign-in.",
    )


class CallbackQuery(BaseModel):
    """What the provider sends with the browser. Providers add parameters of their own."""

    state: str = Field(default="", description="The value that Segue sent.")
    code: str | None = Field(default=None, description="The code to redeem.")
    iss: str | None = Field(default=None, description="The issuer.")
    error: str | None = Field(default=None, description="Why there is no code, such as `access_denied`.")
