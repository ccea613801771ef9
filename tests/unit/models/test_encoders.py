"""The caches of the evaluated encoders."""

from pathlib import Path

import pytest

import models
from models.evaluation.encoders import _DESCRIPTOR_SOURCES, _ENCODING_SOURCES


@pytest.mark.parametrize("pattern", sorted({*_ENCODING_SOURCES, *_DESCRIPTOR_SOURCES}))
def test_sources_of_the_digest_exist(pattern):
    """Every pattern matches a source file, so that a change to it changes the digest of the cache."""
    assert list(Path(models.__path__[0]).glob(pattern))
