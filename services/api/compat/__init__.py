"""Answers in the shapes of other systems, so that their clients work against Segue."""

from flask import Flask

from services.api.compat.spotify.views import spotify
from services.api.compat.subsonic.views import WithoutViewSuffix, subsonic


def install_compat(app: Flask) -> None:
    """Serve what clients of Spotify and of OpenSubsonic ask for."""
    app.register_blueprint(spotify)
    app.register_blueprint(subsonic)
    # Flask's own way to add middleware.
    app.wsgi_app = WithoutViewSuffix(app.wsgi_app)  # type: ignore[method-assign]
