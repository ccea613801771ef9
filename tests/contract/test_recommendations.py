"""Recommendations are the same with the embedded index and with a Qdrant server."""

import pytest
from qdrant_client import QdrantClient

from services.domain.filters import Filters, Range
from services.domain.question import Question
from services.evaluation import trials
from services.evaluation.__main__ import DEFAULT_MATERIAL
from services.evaluation.material import library, listeners, read, write
from services.index.qdrant_server import ServerIndex
from tests.fakes.library import open_catalogue

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

QUESTIONS = {
    "plain": Question(limit=20),
    "varied": Question(limit=20, variety=0.8, seed=7),
    "filtered": Question(limit=20, filters=Filters(ranges={"energy": Range(min=0.3), "tempo": Range(max=150)})),
    "aimed": Question(limit=20, targets={"valence": 0.8}, diversity=0.6),
}


@pytest.fixture(scope="module")
def material():
    return read(DEFAULT_MATERIAL)


@pytest.fixture(scope="module")
def edge(material, tmp_path_factory):
    with library(material, tmp_path_factory.mktemp("embedded")) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(material, tmp_path_factory):
    with open_catalogue(tmp_path_factory.mktemp("server")) as catalogue:
        index = ServerIndex(QdrantClient(":memory:"), "segue")
        write(material, catalogue, index)
        yield catalogue, index
        index.close()


@pytest.mark.parametrize("asked", QUESTIONS)
def test_both_indexes_give_the_same_recommendations(material, edge, server, asked):
    """Histories of one to three interests give the same tracks in the same order."""
    ways = [trials.segue(material, *opened, QUESTIONS[asked]) for opened in (edge, server)]
    for interests in (1, 2, 3):
        for listener in listeners(material, interests, 3):
            one, other = (way(listener).tolist() for way in ways)

            assert one == other
            assert one
