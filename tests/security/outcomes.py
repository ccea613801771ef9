"""What a scan and the decoder make of a hostile file, checked: a result or a reason, in bounded memory."""

import io
from pathlib import Path

import numpy as np

from models.audio.decode import Windows
from models.audio.sound import MAX_SECONDS, MIN_SECONDS
from models.errors import AnalysisError, DecoderFailed
from models.sandbox.confinement import MEMORY_BYTES
from models.sandbox.decoder import Decoder
from services.domain.errors import UnsupportedAudio
from services.domain.track import Tags
from services.ingest.identity import identify
from services.ingest.tags import read_tags
from tests.security.corpus import mutated

IDLE_BYTES = 64 * 2**20  # resident memory of an idle decoder: numpy and libsndfile


def _windows_or_reason(decoder: Decoder, path: Path) -> Windows | AnalysisError:
    try:
        return decoder.read_windows(path)
    except AnalysisError as error:
        return error


def outcome(decoder: Decoder, path: Path) -> Windows | AnalysisError:
    """Decode a file and check the windows or the error message."""
    found = _windows_or_reason(decoder, path)
    if isinstance(found, AnalysisError):
        assert str(found)
        assert str(path.parent) not in str(found)
    else:
        assert np.isfinite(found.samples).all()
        assert MIN_SECONDS <= found.duration <= MAX_SECONDS
    if decoder.report is not None:
        assert decoder.report.peak_bytes <= IDLE_BYTES + MEMORY_BYTES
    return found


def scanned(content: bytes) -> Tags | str:
    """Return the tags that a scan would store for a file, or the error message."""
    try:
        identify(io.BytesIO(content))
    except UnsupportedAudio as error:
        return error.detail
    tags = read_tags(io.BytesIO(content), fallback_title="name")
    assert tags.title
    return tags


def check_mutations(decoder: Decoder, folder: Path, content: bytes, seeds: range) -> set[type]:
    """Mutate a file once for each seed; identify, tag and decode each copy. Return the types of the outcomes."""
    kinds = set()
    path = folder / "mutant"
    for seed in seeds:
        changed = mutated(content, np.random.default_rng(seed))
        path.write_bytes(changed)
        scanned(changed)
        found = outcome(decoder, path)
        kinds.add(type(found))
        assert not isinstance(found, DecoderFailed), f"seed {seed}: {found}"
    return kinds
