"""Spaces of other model versions, as a worker and the indexer make them."""

from datetime import timedelta

from services.catalog import Catalogue
from services.domain.vector_index import PICTURES, TRACKS

HOUR = timedelta(hours=1)


def complete_space(catalogue: Catalogue, version: str, dimension: int | None = None) -> None:
    """Say that a space is filled and indexed; its tracks without an analysis have none."""
    catalogue.spaces.begin(version, dimension=dimension)
    while not catalogue.space_analyses.finish(version):
        while (claim := catalogue.space_analyses.claim(version, HOUR)) is not None:
            catalogue.space_analyses.refuse(claim, "Its file is gone.")
    index_space(catalogue, version)


def index_space(catalogue: Catalogue, version: str) -> None:
    """Say that the indexes of a space are built."""
    view = catalogue.spaces.refresh()
    for collection in (TRACKS, PICTURES):
        catalogue.index_builds.settle(view.index_name(collection.name, version), catalogue.indexing.generation())


def serve_space(catalogue: Catalogue, version: str, shipped: str = "m1", dimension: int | None = None) -> None:
    """Serve the space of another model version."""
    catalogue.spaces.adopt(shipped)
    complete_space(catalogue, version, dimension)
    catalogue.space_store.serve(version)
