"""What is recognised, scanned, served, offered by the page and documented is one list of formats."""

import re
from pathlib import Path

import pytest

from models.containers import recognise
from services.domain.track import MEDIA_TYPES
from services.ingest.listing import AUDIO_SUFFIXES

ROOT = Path(__file__).parents[3]
CONTAINERS = [value for value in vars(recognise).values() if isinstance(value, recognise.Container)]


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: container.name + container.suffix)
def test_each_recognised_format_has_a_media_type(container):
    """Uploads are stored under the suffix of their format, and served with its type."""
    assert MEDIA_TYPES[container.suffix]


def test_the_page_offers_what_a_scan_takes():
    """The file chooser of the page knows every suffix."""
    source = (ROOT / "services/web/src/views/service/FoldersSection.tsx").read_text(encoding="utf-8")
    [offered] = re.findall(r'const AUDIO_SUFFIXES =\s*"([^"]*)"', source)

    assert offered.split(",") == sorted(AUDIO_SUFFIXES)


def test_the_documentation_lists_what_a_scan_takes():
    """`docs/formats.md` lists every suffix."""
    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    paragraph = page.split("one of these suffixes:\n\n")[1].split("\n\n")[0]

    assert re.findall(r"`([^`]+)`", paragraph) == sorted(AUDIO_SUFFIXES)
