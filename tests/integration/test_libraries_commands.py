"""`segue libraries` and `segue people` on a catalogue."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.tables import ListenerLibraryRow
from services.cli.doctor import PARTS
from services.cli.main import app
from services.domain.access import Scope
from services.domain.errors import LibraryNotFound, PersonNotFound
from services.domain.people import Grant, Identity
from services.settings import Settings
from tests.fakes.library import register, write_tone


@pytest.fixture
def catalogue(tmp_path):
    opened = Catalogue.open(Settings(data_dir=tmp_path).catalogue_url)
    opened.migrate()
    opened.libraries.put("Kids", [str(tmp_path)], [])
    yield opened
    opened.close()


@pytest.fixture
def segue(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGUE_DATA_DIR", str(tmp_path))

    def run(*arguments):
        ran = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
        return json.loads(ran.stdout)

    return run


def test_a_member_is_added_and_removed(catalogue, segue):
    """The others stay; who is removed from the last library gets no tracks."""
    catalogue.libraries.add_member("Kids", "mia")

    assert segue("libraries", "add-member", "KIDS", "tom") == {"user": "tom", "libraries": ["Kids"]}
    assert catalogue.libraries.get("Kids").listeners == ("mia", "tom")
    assert segue("libraries", "remove-member", "Kids", "tom") == {"user": "tom", "libraries": []}
    assert segue("libraries", "remove-member", "Kids", "ada") == {"user": "ada", "libraries": None}
    assert catalogue.libraries.of_listener("tom") == frozenset()
    with pytest.raises(LibraryNotFound):
        segue("libraries", "add-member", "Parents", "tom")


def removed_long_ago(catalogue, tmp_path, name):
    """A listener with a listen in the library, who was removed from it before Segue kept that."""
    catalogue.libraries.add_member("Kids", name)
    track = register(catalogue, write_tone(tmp_path / "1.wav", 200), 1)
    catalogue.playlists.create("Mine", [track], owner=name)
    catalogue.libraries.remove_member("Kids", name)
    with catalogue.database.write() as session:
        session.execute(delete(ListenerLibraryRow).where(ListenerLibraryRow.listener == name))


def test_members_who_were_removed_long_ago_are_found(catalogue, segue, tmp_path):
    """`segue doctor` names each until an owner decides: no tracks, those of the library, or all."""
    libraries = catalogue.libraries
    for name in ("ada", "bo c", "eva"):
        removed_long_ago(catalogue, tmp_path, name)
    libraries.add_member("Kids", "mia")
    before = [libraries.of_listener(name) for name in ("ada", "bo c", "eva")]
    doctor, settings = PARTS["members of libraries"], Settings(data_dir=tmp_path)
    found = list(doctor(settings))
    segue("libraries", "remove-member", "Kids", "ada")
    segue("libraries", "add-member", "Kids", "bo c")
    segue("libraries", "allow-all", "eva")

    assert before == [None, None, None]
    assert [problem.split(" has ")[0] for problem in found] == ["ada", "bo c", "eva"]
    assert "segue libraries remove-member Kids 'bo c'" in found[1]
    assert list(doctor(settings)) == []
    after = [libraries.of_listener(name) for name in ("ada", "bo c", "eva")]
    assert after == [frozenset(), frozenset({"kids"}), None]


def test_people_are_listed_and_removed(catalogue, segue):
    """Their sessions end, and the listener stays."""
    identity = Identity(issuer="https://auth.example", subject="1", name="Ada L.", listener="ada")
    session, secret = catalogue.people.sign_in(identity, Grant(frozenset({Scope.READ}), None), timedelta(days=1))
    [person] = segue("people", "list")["people"]

    assert (person["listener"], person["name"]) == ("ada", "Ada L.")
    assert person["signed_in_at"] <= now().isoformat()
    assert segue("people", "remove", "ada") == {"removed": "ada"}
    assert catalogue.people.find(session.id, secret) is None
    assert segue("people", "list") == {"people": []}
    with pytest.raises(PersonNotFound):
        segue("people", "remove", "ada")
