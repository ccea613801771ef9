"""What an app that cannot name its listener must not be answered: its key says who listens."""

from services.api.context import services
from services.api.security.authentication import principal
from services.domain.access import Scope


def rejected_by_asker() -> tuple[str, ...]:
    """Tracks that the one listener rejects for whom the key speaks; none where it speaks for nobody, or for several."""
    asker = principal()
    if asker.listener is None or not asker.has_any((Scope.LISTEN,)):
        return ()
    return tuple(sorted(services().catalogue.listens.rejected(asker.listener)))
