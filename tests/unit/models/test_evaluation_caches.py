"""The evaluation keeps encodings until a source file that they depend on changes."""

import ast
from pathlib import Path

import pytest

import models
from models.evaluation.encoders import _DESCRIPTOR_SOURCES, _ENCODING_SOURCES

MODELS = Path(models.__path__[0])


@pytest.mark.parametrize("pattern", _DESCRIPTOR_SOURCES)
def test_sources_of_the_digest_exist(pattern):
    """Every pattern matches a source file, so that a change to it changes the digest of the cache."""
    assert list(MODELS.glob(pattern))


def test_the_digest_covers_what_the_encoder_imports():
    """A change to any module that computes an encoding makes the cache start again."""
    tree = ast.parse((MODELS / "encoder.py").read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    files = {f"{name.removeprefix('models.').replace('.', '/')}.py" for name in imported if name.startswith("models.")}

    assert files
    assert files <= set(_ENCODING_SOURCES)
