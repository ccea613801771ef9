"""A request example and a response example for each operation, by operation id; `compat_examples.py` has more."""

from collections.abc import Mapping

from services.api.openapi.examples.comparisons import COMPARISONS
from services.api.openapi.examples.experiments import EXPERIMENTS
from services.api.openapi.examples.library import LIBRARY
from services.api.openapi.examples.listeners import LISTENERS
from services.api.openapi.examples.map import MAP
from services.api.openapi.examples.playlists import PLAYLISTS
from services.api.openapi.examples.questions import QUESTIONS
from services.api.openapi.examples.scrobbling import SCROBBLING
from services.api.openapi.examples.service import SERVICE_EXAMPLES
from services.api.openapi.examples.values import Example

V1_EXAMPLES: Mapping[str, Example] = {
    **LIBRARY,
    **MAP,
    **QUESTIONS,
    **LISTENERS,
    **SCROBBLING,
    **PLAYLISTS,
    **COMPARISONS,
    **EXPERIMENTS,
    **SERVICE_EXAMPLES,
}
