"""People who sign in, and their sessions, without the secrets of these."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Transaction

from services.catalog.database import Database, is_storable, now
from services.catalog.libraries import add_members
from services.catalog.tables import LibraryMemberRow, LibraryRow, PersonRow, SessionRow
from services.domain.access import Scope, digest, new_secret
from services.domain.errors import PersonNotFound, SignInRefused
from services.domain.people import GRACE, ROTATE_EVERY, Grant, Identity, Person, Session
from services.domain.sign_in import SignInProblem


@dataclass(frozen=True, slots=True)
class FoundSession:
    """A session, and the secret that the browser is to keep from now on; None if it keeps its own."""

    session: Session
    new_secret: str | None


class PeopleStore:
    """Stores who has signed in. A person is always the same listener, whatever the provider calls them later."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sign_in(self, identity: Identity, grant: Grant, lasts: timedelta) -> tuple[Session, str]:
        """Start a session, and return it with its secret, which is not stored.

        Raises:
            SignInRefused: the listener is another person.
        """
        made, at = new_secret(), now()
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at < at))
            person = _person(session, identity, at)
            _join(self._database, session, person, grant, is_new=person.created_at == at)
            row = SessionRow(
                id=made.id,
                person_id=person.id,
                digest=made.digest,
                rotated_at=at,
                scopes=sorted(grant.scopes),
                libraries=None if grant.libraries is None else sorted(grant.libraries),
                created_at=at,
                expires_at=at + lasts,
            )
            session.add(row)
            return _session(row, person), made.secret

    def find(self, session_id: str, secret: str) -> FoundSession | None:
        """Return the session with this id and secret; None if there is none, or it has ended.

        Every `ROTATE_EVERY` it gets another secret. Of requests at the same time, one gets it.
        """
        if not is_storable(session_id):
            return None
        query = select(SessionRow, PersonRow).join(PersonRow, SessionRow.person_id == PersonRow.id)
        with self._database.read() as session:
            found = session.execute(query.where(SessionRow.id == session_id, SessionRow.expires_at > now())).first()
            if found is None:
                return None
            row, person = found
            given = digest(secret)
            if hmac.compare_digest(given, row.digest):
                is_old = now() - row.rotated_at > ROTATE_EVERY
            elif row.last_digest is not None and hmac.compare_digest(given, row.last_digest):
                if now() - row.rotated_at > GRACE:
                    return None
                is_old = False
            else:
                return None
            known = _session(row, person)
        return FoundSession(known, self._rotate(session_id, given) if is_old else None)

    def is_signed_in(self, session_id: str) -> bool:
        """Return whether a session has not ended."""
        lasting = select(SessionRow.id).where(SessionRow.id == session_id, SessionRow.expires_at > now())
        with self._database.columns() as connection:
            return connection.execute(lasting).first() is not None

    def end(self, session_id: str) -> None:
        """End a session. Ending it again changes nothing."""
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.id == session_id))

    def all(self) -> list[Person]:
        """Return everybody who has signed in, by listener."""
        with self._database.read() as session:
            rows = session.scalars(select(PersonRow).order_by(PersonRow.listener))
            return [Person(row.listener, row.name, row.created_at, row.signed_in_at) for row in rows]

    def remove(self, listener: str) -> None:
        """Forget a person, and end their sessions. What is stored of the listener stays.

        Raises:
            PersonNotFound: nobody has signed in as this listener.
        """
        with self._database.write() as session:
            removed = session.scalars(
                delete(PersonRow).where(PersonRow.listener == listener).returning(PersonRow.id)
            ).all()
        if not removed:
            raise PersonNotFound(listener)

    def _rotate(self, session_id: str, old: bytes) -> str | None:
        made = new_secret()
        changed = {"digest": made.digest, "last_digest": old, "rotated_at": now()}
        rotating = update(SessionRow).where(SessionRow.id == session_id, SessionRow.digest == old).values(changed)
        with self._database.write() as session:
            return made.secret if session.scalars(rotating.returning(SessionRow.id)).all() else None


def _person(session: Transaction, identity: Identity, at: datetime) -> PersonRow:
    """Return the row of a person, who becomes a listener that nobody else is."""
    found = session.scalars(
        select(PersonRow).where(PersonRow.issuer == identity.issuer, PersonRow.subject == identity.subject)
    ).first()
    if found is None:
        if session.scalars(select(PersonRow.id).where(PersonRow.listener == identity.listener)).first() is not None:
            raise SignInRefused(
                f"The listener '{identity.listener}' is another person. Ask for another name at the provider.",
                SignInProblem.TAKEN,
            )
        found = PersonRow(issuer=identity.issuer, subject=identity.subject, listener=identity.listener, created_at=at)
        session.add(found)
    found.name, found.signed_in_at = identity.name, at
    session.flush()
    return found


def _join(database: Database, session: Transaction, person: PersonRow, grant: Grant, *, is_new: bool) -> None:
    """Make the listener of a person a member of the libraries that their groups grant."""
    known = session.scalars(select(LibraryRow.id).where(LibraryRow.id.in_(grant.libraries or ())))
    granted = {library_id for library_id in known if library_id is not None}
    members = select(LibraryMemberRow.library_id).where(LibraryMemberRow.listener == person.listener)
    joined = set(session.scalars(members))
    if is_new and granted and joined and joined.isdisjoint(granted):
        raise SignInRefused(
            f"The listener '{person.listener}' is a member of other libraries than the person's groups. If it is the "
            "same person, the owner adds the member with `segue libraries add-member LIBRARY USER`.",
            SignInProblem.TAKEN,
        )
    for library_id in granted - joined:
        add_members(database, session, library_id, (person.listener,))


def _session(row: SessionRow, person: PersonRow) -> Session:
    libraries = None if row.libraries is None else frozenset(row.libraries)
    return Session(
        row.id, person.listener, person.name, Grant(frozenset(map(Scope, row.scopes)), libraries), row.expires_at
    )
