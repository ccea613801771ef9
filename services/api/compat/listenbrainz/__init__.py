"""ListenBrainz's API for scrobblers: whatever can send listens there can send them to Segue."""

from services.api.compat.listenbrainz.views import listenbrainz

__all__ = ["listenbrainz"]
